"""The cost panel: what was spent, on what, and what changed."""

from __future__ import annotations

import datetime as dt
import html
from typing import TYPE_CHECKING, Any

import ipywidgets
import pandas as pd

from vmgen_analytics import plots
from vmgen_analytics.archive import Archive
from vmgen_analytics.plots import labels
from vmgen_analytics.settings import Settings
from vmgen_analytics.widgets import panel
from vmgen_analytics.widgets.cost_code import reproduction
from vmgen_analytics.widgets.cost_model import GROUPS, MOST_NAMED, SHOWS, CostChoices, CostData, CostModel
from vmgen_analytics.widgets.cost_tables import printed_changes, printed_table
from vmgen_analytics.widgets.periods import CUSTOM, PERIODS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from vmgen_analytics.widgets.cost_answer import CostAnswer

DPI = 130
"""Sharp enough at the width of a page; what is more costs time at every change of a control."""
_LABEL = {"description_width": "initial"}


class CostExplorer(panel.Panel):
    """Spend by location, package, VM or cost centre, and what changed, with the table, its files and its Python.

    Parameters
    ----------
    archive
        The history, or where it is.
    settings
        Currency, prices, how invoices are divided; by default those that hold here.
    view
        What to show at first, as `view` gives it.
    today
        The day that "this month" is of; by default today, in the time zone of the settings.

    Raises
    ------
    SettingsError
        The settings or the view are wrong. What is wrong with the data is said in the panel.

    Examples
    --------
    >>> panel = CostExplorer("no/such/archive", view={"period": "last month", "by": "vm_id"})
    >>> panel.view
    {'period': 'last month', 'by': 'vm_id', 'top': 8}
    """

    def __init__(
        self,
        archive: Archive | str | Path,
        *,
        settings: Settings | None = None,
        view: Mapping[str, Any] | None = None,
        today: dt.date | None = None,
    ) -> None:
        settings = settings or Settings.load()
        self._archive = archive if isinstance(archive, Archive) else Archive(archive)
        self._first = CostChoices.of(view or {})
        self.model = CostModel(settings, self._first, today or dt.datetime.now(settings.zone("")).date())
        self._controls = _Controls()
        self._show_code = ipywidgets.ToggleButton(description="Show Python", tooltip="The Python behind this view")
        reset = ipywidgets.Button(description="Reset", tooltip="Back to the view that it opened with")
        again = ipywidgets.Button(description="Read again", tooltip="Read the archive again, after a sync")
        super().__init__(self._controls.all, [self._show_code, again, reset])
        self._is_following = False
        for control in self._controls.all:
            control.observe(self.guarded(self._chosen), names="value")
        self._show_code.observe(self.guarded(self._code_wanted), names="value")
        reset.on_click(self.guarded(self._reset))
        again.on_click(self.guarded(self._read))
        self.model.observe(self.guarded(self._redraw), names="answer")
        self._redraw()
        self.guarded(self._read)()

    @property
    def view(self) -> dict[str, Any]:
        """The choices as a small dict, which ``CostExplorer(archive, view=...)`` takes back."""
        return self.model.choices.view()

    @view.setter
    def view(self, view: Mapping[str, Any]) -> None:
        self.model.choices = CostChoices.of(view)

    @property
    def table(self) -> pd.DataFrame:
        """The table that is shown, in whole millionths: a group a row and a month a column, or ``cost_changes``."""
        answer = self.model.answer
        return pd.DataFrame() if answer is None else answer.table

    def _read(self, *_: Any) -> None:
        self.model.data = CostData.read(self._archive, self.model.settings)

    def _reset(self, *_: Any) -> None:
        self._choose(self._first)

    def _code_wanted(self, *_: Any) -> None:
        self.code.layout.display = "" if self._show_code.value else "none"

    def _chosen(self, *_: Any) -> None:
        if not self._is_following:
            self._choose(self._controls.choices())

    def _choose(self, choices: CostChoices) -> None:
        if choices == self.model.choices:
            self._redraw()  # nothing new, but an error may stand there, or controls that say something else
        self.model.choices = choices

    def _redraw(self, *_: Any) -> None:
        answer = self.model.answer
        self._is_following = True  # the controls are about to change, and nobody has chosen anything
        try:
            self._controls.follow(self.model)
        finally:
            self._is_following = False
        if answer is None:
            return
        chart, files = self._chart(answer)
        small = "".join(f"<p>{html.escape(line)}</p>" for line in answer.small_print())
        self.answer.value = f"<h3>{html.escape(answer.sentence())}</h3>"
        self.body.value = f'{chart}<div class="small">{small}</div>'
        self.files.value = files
        self.code.value = panel.read_only(reproduction(answer, self._archive.url), "Python that reproduces this view")
        self.say(answer.notices())

    def _chart(self, answer: CostAnswer) -> tuple[str, str]:
        """Draw key numbers, chart and table, and offer them as files; nothing where there is nothing."""
        if answer.table.empty:
            return "", ""
        self.renders += 1
        how: dict[str, Any] = {"currency": answer.currency, "top": answer.choices.top}
        if answer.is_of_changes:
            axes, name = plots.cost_changes(answer.table, **how), f"cost_changes_{answer.changed_month}"
        else:
            axes = plots.monthly_costs(answer.monthly, open_month=answer.open_month, **how)
            name = f"costs_{answer.months.start}_{answer.months.end - 1}_by_{answer.choices.by}"
        png = plots.png(axes, dpi=DPI)
        csv = answer.table.to_csv(index=False).encode("utf-8-sig")  # the mark tells Excel that it is UTF-8
        shown = (
            panel.key_numbers(answer.numbers()),
            panel.picture(png, plots.alt_text(axes), self.renders),
            printed_changes(answer) if answer.is_of_changes else printed_table(answer),
        )
        files = (
            panel.download(f"{name}.csv", csv, "text/csv", "Download CSV"),
            panel.download(f"{name}.png", png, "image/png", "Download PNG"),
        )
        return "".join(shown), f'<div class="files">{"".join(files)}</div>'


class _Controls:
    """What a person chooses with."""

    def __init__(self) -> None:
        self.period = _dropdown("Period", [(period.capitalize(), period) for period in PERIODS])
        self.start, self.last = _dropdown("From"), _dropdown("Through")
        self.show = _dropdown("Show", [(text, show) for show, text in SHOWS.items()])
        self.by, self.account, self.cost_centre = (_dropdown(name) for name in ("Group by", "Account", "Cost centre"))
        self.top = ipywidgets.BoundedIntText(
            value=8, min=1, max=MOST_NAMED, description="Named in the chart", style=_LABEL, layout={"width": "190px"}
        )
        chosen = (self.by, self.account, self.cost_centre)
        self.all = (self.show, self.period, self.start, self.last, *chosen, self.top)

    def choices(self) -> CostChoices:
        """Read what is chosen."""
        is_custom = self.period.value == CUSTOM
        return CostChoices(
            period=self.period.value,
            start=self.start.value if is_custom else None,
            end=str(pd.Period(self.last.value, freq="M") + 1) if is_custom else None,
            by=self.by.value,
            account=self.account.value,
            top=self.top.value,
            cost_centre=self.cost_centre.value,
            show=self.show.value,
        )

    def follow(self, model: CostModel) -> None:
        """Show the choices of a model, and what else could be chosen."""
        choices, answer = model.choices, model.answer
        months, this_month = choices.months(model.today), pd.Period(model.today, freq="M")
        known = [*(answer.totals if answer else ()), months.start, months.end - 1, this_month - 12, this_month]
        every = pd.period_range(min(known), max(known), freq="M")
        names = [(labels.month_name(month), str(month)) for month in every]
        accounts = _with(answer.data.accounts if answer else [], choices.account)
        centres = _with(answer.data.centres if answer else [], choices.cost_centre)
        is_offered = {"account": len(accounts) > 1, "cost_centre": bool(centres)}
        groups = [(text, by) for by, text in GROUPS.items() if is_offered.get(by, True) or by == choices.by]
        self.period.value = choices.period
        _offer(self.start, names, str(months.start))
        _offer(self.last, names, str(months.end - 1))
        _offer(self.by, groups, choices.by)
        _offer(self.account, [("All accounts", None), *((name, name) for name in accounts)], choices.account)
        _offer(self.cost_centre, [("All", None), *((name, name) for name in centres)], choices.cost_centre)
        self.show.value, self.top.value = choices.show, choices.top
        for control, is_shown in (
            (self.start, choices.period == CUSTOM),
            (self.last, choices.period == CUSTOM),
            (self.account, len(accounts) > 1),
            (self.cost_centre, bool(centres)),
        ):
            control.layout.display = "" if is_shown else "none"


def _with(known: list[str], chosen: str | None) -> list[str]:
    """Offer what is chosen even where the data does not have it."""
    return known if chosen is None or chosen in known else [*known, chosen]


def _dropdown(description: str, options: Any = ()) -> ipywidgets.Dropdown:
    return ipywidgets.Dropdown(options=options, description=description, style=_LABEL, layout={"width": "auto"})


def _offer(dropdown: ipywidgets.Dropdown, options: list[Any], value: Any) -> None:
    if list(dropdown.options) != options:
        dropdown.options = options
    dropdown.value = value
