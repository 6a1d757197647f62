"""The bandwidth panel: who sends the traffic, when, whether it is unusual, and whether a quota will be passed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import ipywidgets

from vmgen_analytics.widgets.bandwidth_answer import BandwidthAnswer
from vmgen_analytics.widgets.bandwidth_model import (
    DIRECTIONS,
    GROUPED,
    GROUPS,
    MOST_NAMED,
    SHOWS,
    BandwidthChoices,
    BandwidthData,
)
from vmgen_analytics.widgets.controls import dropdown, offer, show_if, with_chosen
from vmgen_analytics.widgets.days import DayControls
from vmgen_analytics.widgets.explorer import Explorer
from vmgen_analytics.widgets.scope import NOBODY, ScopeControls

if TYPE_CHECKING:
    from vmgen_analytics.widgets.explorer import Model


class BandwidthControls:
    """What a person chooses traffic with: from all VMs to a location, its VMs, and one of them."""

    def __init__(self) -> None:
        self.show = dropdown("Show", [(text, show) for show, text in SHOWS.items()])
        self.days, self.scope = DayControls(), ScopeControls()
        self.by = dropdown("Group by")
        self.direction = dropdown("Direction", [(text, way) for way, text in DIRECTIONS.items()])
        style = {"description_width": "initial"}
        self.top = ipywidgets.BoundedIntText(
            value=8, min=1, max=MOST_NAMED, description="Named in the chart", style=style, layout={"width": "190px"}
        )
        self.all = (self.show, *self.days.all, self.by, *self.scope.all, self.direction, self.top)
        self._before = BandwidthChoices()

    def choices(self) -> BandwidthChoices:
        """Read what is chosen."""
        scope = self.scope.scope()
        chosen = BandwidthChoices(
            show=self.show.value,
            **self.days.chosen(),  # type: ignore[arg-type]  # a preset is never None
            by=self.by.value,
            account=scope.account,
            location=scope.location,
            vm_id=scope.vm_id,
            direction=self.direction.value,
            top=self.top.value,
        )
        return _drilled(chosen, self._before)

    def follow(self, model: Model) -> None:
        """Show the choices of a model, and what else could be chosen."""
        choices: BandwidthChoices = model.choices
        data: BandwidthData | None = model.answer.data if model.answer else None
        self._before = choices
        self.show.value, self.direction.value, self.top.value = choices.show, choices.direction, choices.top
        self.days.follow(choices.period, choices.days(model.today), model.today)
        several = len(with_chosen(data.accounts if data else [], choices.account)) > 1
        offered = GROUPED.get(choices.show, tuple(GROUPS))
        groups = [by for by in offered if by != "account" or several or choices.by == by]
        offer(self.by, [(GROUPS[by], by) for by in groups], choices.group)
        self.scope.follow(choices.scope, data.fleet if data else NOBODY)
        show_if(self.by, is_shown=choices.show in GROUPED)
        show_if(self.top, is_shown=choices.show not in ("days", "calendar"))
        if choices.show == "quotas":  # those of the month that runs, counted as their policy says
            for control in self.days.all:
                show_if(control, is_shown=False)
        for control in (self.days.period, self.direction):
            show_if(control, is_shown=choices.show != "quotas")


def _drilled(chosen: BandwidthChoices, before: BandwidthChoices) -> BandwidthChoices:
    """Go down with who goes down: from a location to its VMs, from a VM to its days, and back up."""
    if chosen.location not in (None, before.location) and chosen.by == "location":
        chosen = replace(chosen, by="vm_id")
    if chosen.vm_id is not None and before.vm_id is None:
        return replace(chosen, by="date")
    if chosen.vm_id is None and before.vm_id is not None and chosen.by == "date":
        return replace(chosen, by="vm_id")
    return chosen


class BandwidthExplorer(Explorer):
    """Traffic by day, location, package and VM, what is unusual in it, and how its quotas stand.

    What it takes, raises and offers is said of `Explorer`. Its ``table`` is in MB: a row for each day,
    location, package, VM or account, or ``top_talkers``, ``bandwidth_anomalies`` or ``quota_status``.

    Examples
    --------
    >>> panel = BandwidthExplorer("no/such/archive", view={"period": "last 7 days", "show": "anomalies"})
    >>> panel.view
    {'show': 'anomalies', 'period': 'last 7 days', 'by': 'vm_id', 'direction': 'sum', 'top': 8}
    """

    choices_type = BandwidthChoices
    data_type = BandwidthData
    answer_type = BandwidthAnswer
    controls_type = BandwidthControls

    def _redraw(self, *_: Any) -> None:
        answer = self.model.answer
        if answer is not None and answer.choices.show == "anomalies" and not answer.data.has_looked:
            self.say(["Comparing each day with the 56 before it ..."])
        super()._redraw()
