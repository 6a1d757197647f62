"""What a person chooses machines and commands them with."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import ipywidgets

from vmgen_analytics.widgets import power_parts
from vmgen_analytics.widgets.power_choices import PowerChoices
from vmgen_analytics.widgets.power_orders import WORDS, Order, named, plain

if TYPE_CHECKING:
    from vmgen_analytics.targets import Target
    from vmgen_analytics.widgets.power_model import PowerModel

_LABEL = {"description_width": "initial"}
_ROW = {"flex_flow": "row wrap", "align_items": "center", "grid_gap": "0 12px"}


class Controls:
    """What a person looks at machines with."""

    def __init__(self, accounts: list[str]) -> None:
        is_shown = {"display": "" if len(accounts) > 1 else "none", "width": "auto"}
        self.account = ipywidgets.Dropdown(options=accounts, description="Account", style=_LABEL, layout=is_shown)
        self.filter = ipywidgets.Text(
            description="Filter", placeholder="name, number, address, package or state", style=_LABEL
        )
        self.again = ipywidgets.Button(description="Read again", tooltip="Read the machines and the log again")
        self.choosing = (self.account, self.filter)
        self.all = (*self.choosing, self.again)

    def choices(self, before: PowerChoices) -> PowerChoices:
        """Read what is chosen; the numbers of VMs mean nothing in another account."""
        vms = before.vms if self.account.value == before.account else ()
        return PowerChoices(self.account.value, self.filter.value, vms)

    def follow(self, model: PowerModel) -> None:
        """Show the choices of a model."""
        self.account.value, self.filter.value = model.choices.account, model.choices.filter
        self.again.disabled = bool(model.work)
        self.again.description = "Reading …" if model.work == "reading" else "Read again"


class Orders:
    """What a person commands with."""

    def __init__(self) -> None:
        self.vms = ipywidgets.SelectMultiple(
            description="VMs", rows=6, style=_LABEL, layout={"width": "auto", "min_width": "360px", "max_width": "100%"}
        )
        self.reason = ipywidgets.Text(
            description="Reason", placeholder="why, for the log", continuous_update=False, style=_LABEL
        )
        self.hint = ipywidgets.HTML()
        self.commands = {command: ipywidgets.Button(description=words) for command, words in WORDS.items()}
        row = ipywidgets.HBox(list(self.commands.values()), layout=_ROW)
        self.chooser = ipywidgets.HBox(
            [self.vms, ipywidgets.VBox([self.reason, self.hint, row], layout={"flex": "1 1 320px"})],
            layout={"flex_flow": "row wrap", "grid_gap": "0 12px", "margin": "6px 0 0"},
        )
        self.asked = ipywidgets.HTML()
        self.typed = ipywidgets.Text(description="Type it here", style=_LABEL)
        self.cancel = ipywidgets.Button(description="Cancel", tooltip="Send nothing")
        self.request = ipywidgets.Button(description="Show the request", tooltip="What would be sent; sends nothing")
        self.confirm = ipywidgets.Button(description="Confirm", button_style="danger")
        buttons = ipywidgets.HBox([self.cancel, self.request, self.confirm], layout=_ROW)
        self.question = ipywidgets.VBox([self.asked, self.typed, buttons])
        self.question.add_class("vmgen-question")
        self.stop = ipywidgets.Button(
            description="Stop following",
            tooltip="What was sent goes on; what was not sent is not sent",
            layout={"align_self": "flex-start"},
        )

    def follow(self, model: PowerModel) -> None:
        """Offer what fits the machines that are chosen, and ask about what is armed."""
        options = [(_labelled(target), target.vm_id) for target in model.shown]
        if list(self.vms.options) != options:
            self.vms.options = options
        chosen, offered = model.chosen, model.offered
        self.vms.value = tuple(target.vm_id for target in chosen)
        for command, button in self.commands.items():
            _show(button, command in offered)
            button.description = f"{Order(command, chosen).words} …"  # it asks first
        self.hint.value = f"<p>{html.escape(_hint(model))}</p>"
        _show(self.question, model.armed is not None)
        _show(self.stop, model.work == "sending")
        if model.armed is None or model.reading is None:
            self.asked.value = ""
            return
        order = model.armed.order
        self.asked.value = power_parts.question(model.armed, model.reading)
        _show(self.typed, bool(order.to_type))
        self.confirm.description = order.words
        self.request.disabled = bool(model.work)


def _labelled(target: Target) -> str:
    return f"{plain(target.vm_name)} (VM {target.vm_id}), {plain(target.state)}"


def _hint(model: PowerModel) -> str:
    """Say what is chosen, and why a command is not offered."""
    if model.work:
        return "Commands are offered again when what is under way has ended."
    if not model.chosen:
        return "Choose one or more VMs: with Ctrl or Shift several."
    if model.trouble is None and not model.offered:
        return f"Some of these {len(model.chosen)} VMs run and some are off: no command fits them all."
    return f"{named(model.chosen)} {'is' if len(model.chosen) == 1 else 'are'} chosen."


def _show(widget: ipywidgets.Widget, is_shown: bool) -> None:
    widget.layout.display = "" if is_shown else "none"
