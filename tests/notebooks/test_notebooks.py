"""Every notebook runs from top to bottom for a person who has neither an account nor an archive."""

import ast
import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import vmgen_analytics

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
LINES_OF_A_FUNCTION = 5


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def code(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@pytest.fixture
def bare_home(tmp_path, monkeypatch):
    """An empty folder to work in, an empty home, and no setting of whoever runs the tests."""
    for name in [name for name in os.environ if name.startswith(("VMGEN_", "JUPYTER"))]:
        monkeypatch.delenv(name)
    home, work = tmp_path / "home", tmp_path / "work"
    for folder in (home, work):
        folder.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    monkeypatch.setenv("IPYTHONDIR", str(home / ".ipython"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")  # may hold the key of an account
    package = str(Path(vmgen_analytics.__file__).parents[1])
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([package, os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep))
    return work


def test_there_are_notebooks():
    names = ["00_start", "01_spend", "02_bandwidth", "03_capacity", "04_power"]
    assert [path.stem for path in NOTEBOOKS][:5] == names


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_from_top_to_bottom_and_ends_with_a_finding(path, bare_home):
    notebook = read(path)
    client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(bare_home)}})
    client.execute()
    outputs = [output for cell in code(notebook) for output in cell.outputs]
    assert [output for output in outputs if output.output_type == "error"] == []
    assert [output.text for output in outputs if output.get("name") == "stderr"] == []
    drawing = [cell for cell in code(notebook) if cell.source.splitlines()[-1].startswith("plots.")]
    assert len(drawing) >= 2
    for cell in drawing:
        (output,) = cell.outputs
        assert "image/png" in output.data
        assert len(output.metadata["image/png"]["alt"]) > 20
    assert len(code(notebook)[-1].outputs[0].text) > 80
    assert list(bare_home.iterdir()) == [], "a notebook leaves nothing where it runs"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_opens_with_its_question_and_names_its_tables(path):
    first = read(path).cells[0]
    assert first.cell_type == "markdown"
    assert first.source.splitlines()[0].endswith("?")
    assert "Tables: " in first.source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_keeps_no_output_and_no_long_function(path):
    for cell in code(read(path)):
        assert cell.outputs == []
        assert cell.execution_count is None
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
                lines = (node.end_lineno or 0) - node.lineno + 1
                assert lines <= LINES_OF_A_FUNCTION, ast.unparse(node).splitlines()[0]
