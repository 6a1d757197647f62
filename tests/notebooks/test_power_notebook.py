"""Running the power notebook from top to bottom sends nothing, not even where commands are allowed and VMs chosen."""

import os
from pathlib import Path

import nbformat
from nbclient import NotebookClient

import vmgen_analytics
from vmgen_analytics.sandbox import Sandbox

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "04_power.ipynb"
OPENED = "console = widgets.PowerConsole(archive, client=client)"
ALLOWED = """\
console = widgets.PowerConsole(archive, client=client, allow_commands=True)
console.wait()
numbers = [target.vm_id for target in console.model.reading.targets]
console = widgets.PowerConsole(archive, client=client, allow_commands=True, view={**console.view, "vms": numbers})
console.wait()"""
LOOKED = "print(console.model.offered, len(console.model.chosen), console.model.armed)"


def test_run_all_sends_nothing_to_the_account_of_a_user(tmp_path, monkeypatch):
    with Sandbox(vms=3, months=1) as sandbox:
        monkeypatch.setenv("VMGEN_API_KEY", sandbox.key)
        monkeypatch.setenv("VMGEN_BASE_URL", sandbox.url)
        monkeypatch.setenv("VMGEN_ARCHIVE", str(tmp_path / "archive"))
        monkeypatch.setenv("IPYTHONDIR", str(tmp_path / ".ipython"))
        package = str(Path(vmgen_analytics.__file__).parents[1])
        path = os.pathsep.join([package, os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
        monkeypatch.setenv("PYTHONPATH", path)
        notebook = nbformat.read(NOTEBOOK, as_version=4)
        (opening,) = [cell for cell in notebook.cells if cell.source.startswith(OPENED)]
        opening.source = opening.source.replace(OPENED, ALLOWED)
        notebook.cells.append(nbformat.v4.new_code_cell(LOOKED))
        NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
        assert notebook.cells[-1].outputs[0].text == "('reboot', 'power_off') 3 None\n"
        asked = [received.operation for received in sandbox.requests]
        assert {"vms", "usage"} <= set(asked)
        assert "command" not in asked
        assert [received.method for received in sandbox.requests if received.method != "GET"] == []
