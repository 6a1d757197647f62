"""The project's own files agree with each other and with the code."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from readme import README, code_blocks

from vmgen_analytics import __version__, schema
from vmgen_analytics.capacity import Limit
from vmgen_analytics.cli.app import app
from vmgen_analytics.cost import Budgets, CostCentres, PriceBook, SharedCosts
from vmgen_analytics.fleet import read_vm_locations
from vmgen_analytics.settings import Settings

ROOT = README.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def _names(requirements: list[str]) -> dict[str, str]:
    """Package -> the versions asked for, extras and our own name left out."""
    found = {}
    for requirement in requirements:
        name, bounds = re.fullmatch(r"([\w.-]+)(?:\[[\w,]+\])?(.*)", requirement).groups()
        if name != "vmgen_analytics":
            found[name] = bounds
    return found


def test_environment_lists_the_packages_of_pyproject() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    conda = [each for each in environment if isinstance(each, str)]
    by_pip = next(each["pip"] for each in environment if isinstance(each, dict))
    listed = _names([each for each in (*conda, *by_pip) if each not in ("pip", "-e .")])
    python = listed.pop("python")

    groups = PROJECT["project"]["optional-dependencies"]
    needed = list(PROJECT["project"]["dependencies"])
    for group in ("lab", "sandbox", "test", "cluster"):
        needed += groups[group]
    wanted = _names(needed)
    wanted["distributed"] = wanted["dask"]  # conda has no extras: dask[distributed] is two packages there

    assert listed == wanted
    assert python == PROJECT["project"]["requires-python"]


def test_every_dependency_has_its_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    section = text[text.index("dependencies = [") : text.index("[project.scripts]")]
    requirements = [line for line in section.splitlines() if line.startswith('    "')]
    ours = [line for line in requirements if "vmgen_analytics[" not in line]
    assert len(ours) > 20
    assert [line for line in ours if "  # " not in line] == []


def test_readme_has_the_data_dictionary_of_the_schema() -> None:
    text = README.read_text(encoding="utf-8")
    printed = text[text.index("and a test compares -->") : text.index("<!-- end of tables -->")].split("\n", 1)[1]
    assert printed.strip() == schema.data_dictionary().strip(), "run: python -m vmgen_analytics.schema"


def test_readme_names_every_command_and_no_other() -> None:
    table = set(re.findall(r"^\| `([a-z]+)", README.read_text(encoding="utf-8"), re.MULTILINE))
    groups = {group.name for group in app.registered_groups}
    assert table == {command.name for command in app.registered_commands} | groups


def test_readme_starts_with_the_two_commands() -> None:
    first, second = code_blocks()[:2]
    assert first.strip().endswith("vmgen-analytics demo")
    assert second.strip().endswith("-m pytest -n logical")


def test_pythons_of_the_readme_are_those_of_pyproject() -> None:
    classified = [each.rsplit(" ", 1)[1] for each in PROJECT["project"]["classifiers"] if ":: 3." in each]
    assert "Python 3.11, 3.12 or 3.13" in README.read_text(encoding="utf-8")
    assert classified == ["3.11", "3.12", "3.13"]


def test_example_files_can_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings.load(ROOT / "data" / "vmgen.toml", environ={})
    assert PriceBook.read(settings.prices).currency == settings.currency
    assert len(read_vm_locations(settings.vm_locations)) == 4
    centres = CostCentres.read(settings.cost_centres)
    assert centres.names == ("shop", "blog", "platform", "research")
    assert SharedCosts.read(settings.shared_costs, centres).names == {"platform"}
    assert len(Budgets.read(settings.budgets, centres).budgets) == 3
    assert [limit.says for limit in Limit.read(settings.limits)][1] == "64 vCPUs in Warsaw"


def test_changelog_has_the_version() -> None:
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_import_loads_nothing_that_it_does_not_need() -> None:
    heavy = ("matplotlib.pyplot", "ipywidgets", "dask", "fastapi", "typer")
    code = f"import sys, vmgen_analytics; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_floors_hold() -> None:
    lint = Path(sys.executable).parent / "lint-imports"
    if not lint.exists():
        pytest.skip("import-linter is in the dev extra; .ci/run always has it")
    done = subprocess.run([lint], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
