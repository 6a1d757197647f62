import ast
import subprocess
import sys
import time
from pathlib import Path

import pytest

import vmgen_analytics as va

TREE = ast.parse(Path(va.__file__).read_text(encoding="utf-8"))
HEAVY = ("matplotlib.pyplot", "ipywidgets", "dask", "fastapi", "typer")


def declared():
    """Names under TYPE_CHECKING, which a type checker and an editor see."""
    (block,) = [
        node for node in TREE.body if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
    ]
    return {
        alias.asname or alias.name: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def test_what_is_promised_is_what_a_type_checker_sees():
    assert set(va.__all__) == set(declared())
    assert sorted(va.__all__) == va.__all__
    assert len(set(va.__all__)) == len(va.__all__)


@pytest.mark.parametrize("name", va.__all__)
def test_every_name_is_there_from_where_it_is_declared_and_explains_itself(name):
    found = getattr(va, name)
    assert found is getattr(sys.modules[declared()[name]], name)
    assert (found.__doc__ or "").strip()
    assert name in dir(va)


def test_a_name_that_is_none_says_which_there_are():
    with pytest.raises(AttributeError, match=r"has no attribute 'fetch_usages'; did you mean fetch_usage\?"):
        va.fetch_usages  # noqa: B018


def run(code):
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    return found.stdout.split()


def test_importing_the_package_loads_nothing_that_only_some_need():
    assert run(f"import sys, vmgen_analytics; print(*[name for name in {HEAVY} if name in sys.modules])") == []


def test_using_the_core_loads_nothing_that_only_some_need():
    names = [name for name in va.__all__ if name != "Client"]
    code = f"import sys, vmgen_analytics as va; [getattr(va, name) for name in {names}]; va.Client('a-key').close()"
    assert run(f"{code}; print(*[name for name in {HEAVY} if name in sys.modules])") == []


def test_the_package_is_imported_about_as_fast_as_pandas():
    def seconds(module):
        started = time.perf_counter()
        run(f"import {module}")
        return time.perf_counter() - started

    pairs = [(seconds("pandas"), seconds("vmgen_analytics")) for _ in range(3)]
    pandas, package = (min(column) for column in zip(*pairs, strict=True))
    assert package < 1.2 * pandas
