"""The cost panel: what was spent, on what, and what changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ipywidgets
import pandas as pd

from vmgen_analytics.plots import labels
from vmgen_analytics.widgets.controls import dropdown, offer, show_if, with_chosen
from vmgen_analytics.widgets.cost_answer import CostAnswer
from vmgen_analytics.widgets.cost_model import GROUPS, MOST_NAMED, SHOWS, CostChoices, CostData
from vmgen_analytics.widgets.explorer import Explorer
from vmgen_analytics.widgets.periods import CUSTOM, PERIODS
from vmgen_analytics.widgets.scope import NOBODY, ScopeControls

if TYPE_CHECKING:
    from vmgen_analytics.widgets.explorer import Model


class CostControls:
    """What a person chooses costs with."""

    def __init__(self) -> None:
        self.period = dropdown("Period", [(period.capitalize(), period) for period in PERIODS])
        self.start, self.last = dropdown("From"), dropdown("Through")
        self.show = dropdown("Show", [(text, show) for show, text in SHOWS.items()])
        self.by, self.cost_centre, self.scope = dropdown("Group by"), dropdown("Cost centre"), ScopeControls()
        style = {"description_width": "initial"}
        self.top = ipywidgets.BoundedIntText(
            value=8, min=1, max=MOST_NAMED, description="Named in the chart", style=style, layout={"width": "190px"}
        )
        periods = (self.period, self.start, self.last)
        self._location: str | None = None
        self.all = (self.show, *periods, self.by, *self.scope.all, self.cost_centre, self.top)

    def choices(self) -> CostChoices:
        """Read what is chosen."""
        is_custom, scope = self.period.value == CUSTOM, self.scope.scope()
        is_new_place = scope.location not in (None, self._location)  # whoever goes there wants to see what is there
        return CostChoices(
            period=self.period.value,
            start=self.start.value if is_custom else None,
            end=str(pd.Period(self.last.value, freq="M") + 1) if is_custom else None,
            by="vm_id" if self.by.value == "location" and is_new_place else self.by.value,
            account=scope.account,
            location=scope.location,
            vm_id=scope.vm_id,
            top=self.top.value,
            cost_centre=self.cost_centre.value,
            show=self.show.value,
        )

    def follow(self, model: Model) -> None:
        """Show the choices of a model, and what else could be chosen."""
        choices, answer = model.choices, model.answer
        self._location = choices.location
        months, this_month = choices.months(model.today), pd.Period(model.today, freq="M")
        known = [*(answer.totals if answer else ()), months.start, months.end - 1, this_month - 12, this_month]
        every = pd.period_range(min(known), max(known), freq="M")
        names = [(labels.month_name(month), str(month)) for month in every]
        several = len(with_chosen(answer.data.accounts if answer else [], choices.account)) > 1
        centres = with_chosen(answer.data.centres if answer else [], choices.cost_centre)
        is_offered = {"account": several, "cost_centre": bool(centres)}
        groups = [(text, by) for by, text in GROUPS.items() if is_offered.get(by, True) or by == choices.by]
        self.period.value = choices.period
        offer(self.start, names, str(months.start))
        offer(self.last, names, str(months.end - 1))
        offer(self.by, groups, choices.by)
        offer(self.cost_centre, [("All", None), *((name, name) for name in centres)], choices.cost_centre)
        self.show.value, self.top.value = choices.show, choices.top
        self.scope.follow(choices.scope, answer.data.fleet if answer else NOBODY)
        for control, is_shown in (
            (self.start, choices.period == CUSTOM),
            (self.last, choices.period == CUSTOM),
            (self.cost_centre, bool(centres)),
        ):
            show_if(control, is_shown=is_shown)


class CostExplorer(Explorer):
    """Spend by location, package, VM or cost centre, and what changed, with the table, its files and its Python.

    What it takes, raises and offers is said of `Explorer`. Its ``table`` is in whole millionths: a group a row and a
    month a column, or ``cost_changes``.

    Examples
    --------
    >>> panel = CostExplorer("no/such/archive", view={"period": "last month", "by": "vm_id"})
    >>> panel.view
    {'period': 'last month', 'by': 'vm_id', 'top': 8}
    """

    choices_type = CostChoices
    data_type = CostData
    answer_type = CostAnswer
    controls_type = CostControls
