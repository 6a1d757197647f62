"""The controls that panels are made of: what a person chooses with, and how it follows what is chosen elsewhere."""

from __future__ import annotations

from typing import Any

import ipywidgets
import traitlets


class _Dropdown(ipywidgets.Dropdown):  # type: ignore[misc]  # ipywidgets has no types
    """A dropdown in which None is a choice like any other, as in "All VMs": by itself it shows nothing then."""

    @traitlets.observe("value")
    def _propagate_value(self, change: Any) -> None:
        if change.new is None and None in self._options_values:
            self.index = self._options_values.index(None)
        else:
            super()._propagate_value(change)

    @traitlets.observe("options")
    def _propagate_options(self, change: Any) -> None:
        super()._propagate_options(change)
        if not self._initializing_traits_ and self.index is None and None in self._options_values:
            self.index = self._options_values.index(None)


def dropdown(description: str, options: Any = ()) -> ipywidgets.Dropdown:
    """Make a control that chooses one of several, as wide as its words."""
    style, layout = {"description_width": "initial"}, {"width": "auto", "max_width": "320px"}
    return _Dropdown(options=options, description=description, style=style, layout=layout)


def offer(control: ipywidgets.Dropdown, options: list[Any], value: Any) -> None:
    """Give a control its options, if they are others than before, and what is chosen of them."""
    if list(control.options) != options:
        control.options = options
    control.value = value


def with_chosen(known: list[Any], chosen: Any) -> list[Any]:
    """Offer what is chosen even where the data does not have it."""
    return known if chosen is None or chosen in known else [*known, chosen]


def show_if(control: ipywidgets.Widget, *, is_shown: bool) -> None:
    """Show a control, or take it off the page."""
    control.layout.display = "" if is_shown else "none"
