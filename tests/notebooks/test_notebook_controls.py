"""The controls of the notebooks that investigate: each choice has its answer, and none an error."""

import copy
import os
from datetime import UTC, datetime
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError

import vmgen_analytics
from vmgen_analytics.cli.demo import simulated

FOLDER = Path(__file__).parents[2] / "notebooks"
CHOICES = {
    "02_bandwidth": """
last_vm, last_place = vm.options[-1][1], location.options[-1]
asked_of = [(None, "all", name) for name in periods]
asked_of += [(one, place, "last month") for one in (None, last_vm) for place in location.options]
for choice in asked_of:
    for answer in (how_much, than_before, who_sends, what_is_unusual):
        answer(*choice)
    which_are_idle(*choice[:2])
will_it_be_passed(1, last_vm)
vm.value, location.value, period.value, supposed.value = last_vm, last_place, "last month", 1
""",
}
"""What a person may choose, a VM together with a place that is not its own as well; then by the controls themselves."""


@pytest.fixture(scope="module")
def young_archive(tmp_path_factory):
    """Settings of an archive that is three weeks old: little history, and no quota or limit."""
    home = tmp_path_factory.mktemp("young")
    simulated(home, now=datetime(2026, 11, 21, 9, tzinfo=UTC), vms=3, months=1)
    return home / "vmgen.toml"


def executed(notebook, folder):
    """The notebook with its outputs; a kernel that falls silent, as now and then one does, is replaced once."""
    for is_last in (False, True):
        ran = copy.deepcopy(notebook)
        try:
            NotebookClient(ran, timeout=100, resources={"metadata": {"path": str(folder)}}).execute()
        except CellTimeoutError:
            if is_last:
                raise
        else:
            return ran
    raise AssertionError


def answers(notebook):
    """What stands in the answers under the controls, as outputs."""
    states = notebook.metadata["widgets"]["application/vnd.jupyter.widget-state+json"]["state"].values()
    return [state["state"].get("outputs", []) for state in states if state["model_name"] == "OutputModel"]


@pytest.mark.parametrize("name", CHOICES)
def test_each_choice_has_an_answer_on_an_archive_of_the_users_own(name, young_archive, tmp_path, monkeypatch):
    for variable in [variable for variable in os.environ if variable.startswith(("VMGEN_", "JUPYTER"))]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("VMGEN_CONFIG", str(young_archive))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / ".ipython"))
    package = str(Path(vmgen_analytics.__file__).parents[1])
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([package, os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep))
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(CHOICES[name]))
    shown = answers(notebook := executed(notebook, tmp_path))
    assert len(shown) >= 4
    for outputs in shown:
        assert outputs, "a question without an answer"
        assert [output for output in outputs if output["output_type"] == "error"] == []
    assert [output for output in notebook.cells[-1].get("outputs", []) if output.output_type == "error"] == []
