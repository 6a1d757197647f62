"""The steps of a plan as a person reads and builds them: sentences, and controls that make one step after another."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import ipywidgets
import pandas as pd
import traitlets

from vmgen_analytics.widgets.controls import dropdown, offer, show_if
from vmgen_analytics.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from vmgen_analytics.widgets.capacity_model import CapacityData

ACTIONS = {"add": "Add VMs", "remove": "Remove VMs", "resize": "Resize a VM", "move": "Move a VM"}
MOST = 500
"""So many VMs can be added in one step by the control; a view can hold more."""


def step_sentence(step: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Say what a step does.

    Parameters
    ----------
    step
        A step as `Plan.of` takes it.
    names
        From the number of a VM to how a reader knows it.

    Examples
    --------
    >>> step_sentence({"action": "add", "count": 3, "package": "Small", "location": "Warsaw"}, {})
    'Add 3 VMs of Small in Warsaw'
    >>> step_sentence({"action": "move", "vm": "101", "location": "Dallas"}, {"101": "web-1 (VM 101)"})
    'Move web-1 (VM 101) to Dallas'
    """
    vm = names.get(str(step.get("vm") or ""), str(step.get("vm") or ""))
    place, package = step.get("location") or "", step.get("package") or _size(step)
    count = counted(int(step.get("count") or 1), "VM")
    said = {
        "add": f"Add {count} of {package} in {place}" + (f", named {vm}" if vm else ""),
        "remove": f"Remove {vm}" if vm else f"Remove {count} of {package}" + (f" in {place}" if place else ""),
        "resize": f"Resize {vm} to {package}",
        "move": f"Move {vm} to {place}" + (f", as {package}" if package else ""),
    }[step["action"]]
    return f"{said} (account {step['account']})" if step.get("account") else said


def _size(step: Mapping[str, Any]) -> str:
    """Name a size of one's own; empty where the step has none."""
    if step.get("vcpus") is None:
        return ""
    return f"{step['vcpus']:g} vCPUs, {step['ram_GB']:g} GB of memory and {step['disk_GB']:g} GB of disk"


class PlanSteps(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """Controls that build a plan step by step, and the plan as sentences.

    Its ``value`` is the plan: a tuple of steps, each a dict as `Plan.of` takes it.
    """

    value = traitlets.Tuple()

    def __init__(self) -> None:
        self.action = dropdown("Action", [(text, action) for action, text in ACTIONS.items()])
        self.of_account, self.vm = dropdown("In account"), dropdown("VM")
        self.to_location, self.of_package = dropdown("Where"), dropdown("Which package")
        style = {"description_width": "initial"}
        self.count = ipywidgets.BoundedIntText(
            value=1, min=1, max=MOST, description="Count", style=style, layout={"width": "130px"}
        )
        self.add = ipywidgets.Button(description="Add step", tooltip="Put this step at the end of the plan")
        self.drop = ipywidgets.Button(description="Remove last step", tooltip="Take the last step out of the plan")
        self.told = ipywidgets.HTML()
        chosen = (self.action, self.count, self.of_account, self.vm, self.to_location, self.of_package)
        row = {"flex_flow": "row wrap", "grid_gap": "0 12px"}
        parts = [
            ipywidgets.HBox(chosen, layout=row),
            ipywidgets.HBox([self.add, self.drop], layout=row),
            self.told,
        ]
        super().__init__(parts, layout={"width": "100%"})
        self._asking = (self.action, self.of_account, self.vm, self.to_location)
        self._data: CapacityData | None = None
        self._is_offering = False

    def wire(self, guarded: Callable[[Callable[..., None]], Callable[..., None]]) -> None:
        """Let the controls act, each within the guard of a panel.

        Parameters
        ----------
        guarded
            Wraps a callback so that what goes wrong is told.
        """
        for control in self._asking:
            control.observe(guarded(self._offer), names="value")
        self.add.on_click(guarded(self._added))
        self.drop.on_click(guarded(self._dropped))

    def follow(self, plan: Sequence[Mapping[str, Any]], data: CapacityData | None) -> None:
        """Show a plan, and what the next step can be.

        Parameters
        ----------
        plan
            The steps.
        data
            VMs and packages to choose from; None where there are none yet.
        """
        self._data = data
        self.value = tuple(plan)
        self._offer()
        names = {} if data is None else {str(number): name for name, number in _vms(data.today)}
        steps = "".join(f"<li>{html.escape(step_sentence(step, names))}.</li>" for step in self.value)
        self.told.value = f"<ol>{steps}</ol>" if steps else "<p>The plan has no step yet.</p>"
        self.drop.disabled = not self.value

    @property
    def step(self) -> dict[str, Any]:
        """The step that the controls say, as `Plan.of` takes it."""
        action = self.action.value
        step: dict[str, Any] = {"action": action}
        is_of_package = action == "add" or (action == "remove" and self.vm.value is None)
        if is_of_package:
            step["count"] = self.count.value
        else:
            step["vm"] = str(self.vm.value)
        if self.of_package.value is not None and (is_of_package or action in ("resize", "move")):
            step["package"] = self.of_package.value
        if self.to_location.value is not None and (is_of_package or action == "move"):
            step["location"] = self.to_location.value
        if len(self.of_account.options) > 1:
            step["account"] = self.of_account.value
        return step

    def _added(self, *_: Any) -> None:
        self.value = (*self.value, self.step)

    def _dropped(self, *_: Any) -> None:
        self.value = self.value[:-1]

    def _offer(self, *_: Any) -> None:
        """Offer what fits: packages of the place, places of the account, VMs of the account."""
        if self._is_offering:
            return
        self._is_offering = True
        try:
            self._offer_all()
        finally:
            self._is_offering = False

    def _offer_all(self) -> None:
        data, action = self._data, self.action.value
        accounts = [] if data is None else data.accounts
        _keep(self.of_account, [(name, name) for name in accounts])
        vms, offers = _tables(data, self.of_account.value)
        any_vm = [("any of a package", None)] if action == "remove" else []
        _keep(self.vm, [*any_vm, *_vms(vms)])
        is_any = action == "remove" and self.vm.value is None
        here = vms.loc[vms["vm_id"] == self.vm.value, "location"].dropna()
        if is_any:
            places = [("anywhere", None), *_named(vms["location"])]
        else:
            places = [pair for pair in _named(offers["location"]) if action != "move" or pair[1] not in set(here)]
        _keep(self.to_location, places)
        _keep(self.of_package, self._packages(action, vms, offers, here))
        for control, is_shown in (
            (self.count, action == "add" or is_any),
            (self.of_account, len(accounts) > 1),
            (self.vm, action != "add"),
            (self.to_location, action in ("add", "move") or is_any),
            (self.of_package, action != "remove" or is_any),
        ):
            show_if(control, is_shown=is_shown)
        needed = {"add": (self.to_location, self.of_package), "move": (self.vm, self.to_location)}
        lacks = [control for control in needed.get(action, (self.vm,)) if not control.options]
        self.add.disabled = bool(lacks) or (is_any and not self.of_package.options)

    def _packages(self, action: str, vms: pd.DataFrame, offers: pd.DataFrame, here: pd.Series) -> list[tuple[str, Any]]:
        """Packages to choose from: those that exist for what goes, those on offer at the place for what comes."""
        place = self.to_location.value
        if action == "remove":
            return _named(vms["package"] if place is None else vms.loc[vms["location"] == place, "package"])
        if action == "resize":
            return _named(offers.loc[offers["location"].isin(here), "package"] if len(here) else offers["package"])
        same = [("as it is", None)] if action == "move" else []
        return [*same, *_named(offers.loc[offers["location"] == place, "package"])]


def _tables(data: CapacityData | None, account: str | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """VMs and offers of an account; empty where there are none."""
    if data is None:
        names = ["account", "vm_id", "vm_name", "location", "package"]
        return pd.DataFrame(columns=names), pd.DataFrame(columns=names)
    catalogue = data.planning.catalogue
    vms, offers = data.today, catalogue[catalogue["is_offered"]]
    return vms[vms["account"] == account], offers[offers["account"] == account]


def _vms(vms: pd.DataFrame) -> list[tuple[str, int]]:
    both = zip(vms["vm_name"], vms["vm_id"], strict=True)
    named = [(f"{name} (VM {number})", int(number)) for name, number in both]
    return sorted(named, key=lambda pair: pair[0].casefold())


def _named(values: pd.Series) -> list[tuple[str, Any]]:
    return [(str(value), str(value)) for value in sorted(values.dropna().unique())]


def _keep(control: ipywidgets.Dropdown, options: list[tuple[str, Any]]) -> None:
    """Offer options, and keep what is chosen if it is among them."""
    values = [value for _, value in options]
    offer(control, options, control.value if control.value in values else values[0] if values else None)
