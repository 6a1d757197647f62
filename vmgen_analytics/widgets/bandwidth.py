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
    NOWHERE,
    SHOWS,
    BandwidthChoices,
    BandwidthData,
)
from vmgen_analytics.widgets.days import DayControls
from vmgen_analytics.widgets.explorer import Explorer, dropdown, offer, show_if, with_chosen

if TYPE_CHECKING:
    from vmgen_analytics.widgets.explorer import Model


class BandwidthControls:
    """What a person chooses traffic with: from all VMs to a location, its VMs, and one of them."""

    def __init__(self) -> None:
        self.show = dropdown("Show", [(text, show) for show, text in SHOWS.items()])
        self.days = DayControls()
        self.by, self.account, self.location = (dropdown(name) for name in ("Group by", "Account", "Location"))
        self.vm = dropdown("VM")
        self.vm.layout.max_width = "340px"
        self.direction = dropdown("Direction", [(text, way) for way, text in DIRECTIONS.items()])
        style = {"description_width": "initial"}
        self.top = ipywidgets.BoundedIntText(
            value=8, min=1, max=MOST_NAMED, description="Named in the chart", style=style, layout={"width": "190px"}
        )
        among = (self.account, self.location, self.vm)
        self.all = (self.show, *self.days.all, self.by, *among, self.direction, self.top)
        self._before = BandwidthChoices()
        self._data: BandwidthData | None = None

    def choices(self) -> BandwidthChoices:
        """Read what is chosen; a location narrows the VMs, and a VM brings its account."""
        key = self.vm.value
        chosen = BandwidthChoices(
            show=self.show.value,
            **self.days.chosen(),  # type: ignore[arg-type]  # a preset is never None
            by=self.by.value,
            account=self.account.value,
            location=self.location.value,
            vm_id=key and key[1],
            direction=self.direction.value,
            top=self.top.value,
        )
        return _drilled(self._linked(chosen, key), self._before)

    def _linked(self, chosen: BandwidthChoices, key: tuple[str, int] | None) -> BandwidthChoices:
        """Let go of a VM and of a location that are not where one has gone."""
        data, before = self._data, self._before
        if data is None:
            return chosen
        if chosen.account == before.account and key is not None and len(data.accounts) > 1:
            chosen = replace(chosen, account=key[0])
        if chosen.vm_id is not None and data.rows(chosen.among).empty:
            chosen = replace(chosen, vm_id=None)
        if chosen.account != before.account and data.rows(chosen.among).empty:
            chosen = replace(chosen, location=None)
        return chosen

    def follow(self, model: Model) -> None:
        """Show the choices of a model, and what else could be chosen."""
        choices: BandwidthChoices = model.choices
        answer: BandwidthAnswer | None = model.answer
        data = answer.data if answer else None
        self._before, self._data = choices, data
        self.show.value, self.direction.value, self.top.value = choices.show, choices.direction, choices.top
        self.days.follow(choices.period, choices.days(model.today), model.today)
        accounts = with_chosen(data.accounts if data else [], choices.account)
        offered = GROUPED.get(choices.show, tuple(GROUPS))
        groups = [by for by in offered if by != "account" or len(accounts) > 1 or choices.by == by]
        offer(self.by, [(GROUPS[by], by) for by in groups], choices.group)
        offer(self.account, [("All accounts", None), *((name, name) for name in accounts)], choices.account)
        places = with_chosen(data.locations(choices.account) if data else [], choices.location)
        offer(self.location, [("All locations", None), *((_place(name), name) for name in places)], choices.location)
        self._offer_vms(data, choices)
        for control, is_shown in (
            (self.account, len(accounts) > 1),
            (self.by, choices.show in GROUPED),
            (self.days.period, choices.show != "quotas"),
            (self.direction, choices.show != "quotas"),
            (self.top, choices.show not in ("days", "calendar")),
        ):
            show_if(control, is_shown=is_shown)
        if choices.show == "quotas":
            show_if(self.days.start, is_shown=False)
            show_if(self.days.last, is_shown=False)

    def _offer_vms(self, data: BandwidthData | None, choices: BandwidthChoices) -> None:
        """Offer the VMs of the account and the location that are chosen."""
        options: list[Any] = [("All VMs", None)]
        chosen = None
        if data is not None:
            rows = data.rows((choices.account, choices.location, None))
            here = set(zip(rows["account"], rows["vm_id"], strict=True))
            for vm in data.vms.itertuples():
                key = (vm.account, vm.vm_id)
                is_chosen = vm.vm_id == choices.vm_id and choices.account in (None, vm.account)
                chosen = key if is_chosen else chosen
                if key in here or is_chosen:
                    options.append((f"{vm.name} (gone)" if vm.is_gone else vm.name, key))
        if choices.vm_id is not None and chosen is None:
            chosen = (choices.account, choices.vm_id)
            options.append((f"VM {choices.vm_id}", chosen))
        offer(self.vm, options, chosen)


def _drilled(chosen: BandwidthChoices, before: BandwidthChoices) -> BandwidthChoices:
    """Go down with who goes down: from a location to its VMs, from a VM to its days, and back up."""
    if chosen.location not in (None, before.location) and chosen.by == "location":
        chosen = replace(chosen, by="vm_id")
    if chosen.vm_id is not None and before.vm_id is None:
        return replace(chosen, by="date")
    if chosen.vm_id is None and before.vm_id is not None and chosen.by == "date":
        return replace(chosen, by="vm_id")
    return chosen


def _place(name: str) -> str:
    return "Unknown location" if name == NOWHERE else name


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
