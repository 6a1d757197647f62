"""The notebooks that investigate have their answers on an archive of three weeks too, without quotas and limits."""

from datetime import UTC, datetime
from pathlib import Path

import nbformat
import pytest

from vmgen_analytics.cli.demo import simulated

FOLDER = Path(__file__).parents[2] / "notebooks"


@pytest.fixture(scope="module")
def young_archive(tmp_path_factory):
    """Settings of an archive that is three weeks old."""
    home = tmp_path_factory.mktemp("young")
    simulated(home, now=datetime(2026, 11, 21, 9, tzinfo=UTC), vms=3, months=1)
    return home / "vmgen.toml"


@pytest.mark.parametrize("name", ["02_bandwidth", "03_capacity"])
def test_it_has_its_answers(name, young_archive, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VMGEN_CONFIG", str(young_archive))
    cells = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4).cells
    made = {"display": print}
    for cell in cells:
        if cell.cell_type == "code":
            exec(cell.source, made)
    assert not made["panel"].table.empty
    assert 'class="error"' not in made["panel"].status.value
    assert len(capsys.readouterr().out.splitlines()[-1]) > 80
