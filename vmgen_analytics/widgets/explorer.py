"""What all panels that show an archive share: choices lead to an answer, and the answer to everything that is seen."""

from __future__ import annotations

import datetime as dt
import html
from typing import TYPE_CHECKING, Any, ClassVar

import ipywidgets
import pandas as pd
import traitlets

from vmgen_analytics import plots
from vmgen_analytics.archive import Archive
from vmgen_analytics.settings import Settings
from vmgen_analytics.widgets import panel
from vmgen_analytics.writing import xlsx_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from vmgen_analytics.widgets.parts import Answer, Choices, Controls, Data

DPI = 130
"""Sharp enough at the width of a page; what is more costs time at every change of a control."""


class Model(traitlets.HasTraits):
    """Data and choices of a panel, and the answer that follows from them.

    Parameters
    ----------
    answer_type
        What makes the answer from data, choices, settings and the day.
    settings
        Currency, time zones, prices and files.
    choices
        What to show.
    today
        The day that "this month" is of.
    """

    data = traitlets.Any(allow_none=True)
    choices = traitlets.Any()
    answer = traitlets.Any(allow_none=True)

    def __init__(self, answer_type: type[Answer], settings: Settings, choices: Choices, today: dt.date) -> None:
        self.settings = settings
        self.today = today
        self._answer_type = answer_type
        super().__init__(choices=choices)

    @traitlets.observe("data", "choices")
    def _follow(self, _: Any) -> None:
        if self.data is not None:
            self.answer = self._answer_type(self.data, self.choices, self.settings, self.today)


class Explorer(panel.Panel):
    """A panel that shows an archive: a subclass names its parts, and how they act together is here.

    Parameters
    ----------
    archive
        The history, or where it is.
    settings
        Currency, prices, files; by default those that hold here.
    view
        What to show at first, as `view` gives it.
    today
        The day that "this month" is of; by default today, in the time zone of the settings.

    Raises
    ------
    SettingsError
        The settings or the view are wrong. What is wrong with the data is said in the panel.
    """

    choices_type: ClassVar[type[Choices]]
    data_type: ClassVar[type[Data]]
    answer_type: ClassVar[type[Answer]]
    controls_type: ClassVar[type[Controls]]

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
        self._first = self.choices_type.of(view or {})
        today = today or dt.datetime.now(settings.zone("")).date()
        self.model = Model(self.answer_type, settings, self._first, today)
        self._controls = self.controls_type()
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
        """The choices as a small dict, which the panel takes back as ``view=...``."""
        return self.model.choices.view()  # type: ignore[no-any-return]  # traits have no types

    @view.setter
    def view(self, view: Mapping[str, Any]) -> None:
        self.model.choices = self.choices_type.of(view)

    @property
    def table(self) -> pd.DataFrame:
        """The table that is shown; empty where there is none."""
        answer = self.model.answer
        return pd.DataFrame() if answer is None else answer.table

    def _read(self, *_: Any) -> None:
        self.say(["Reading the archive ..."])
        self.model.data = self.data_type.read(self._archive, self.model.settings)

    def _reset(self, *_: Any) -> None:
        self._choose(self._first)

    def _code_wanted(self, *_: Any) -> None:
        self.code.layout.display = "" if self._show_code.value else "none"

    def _chosen(self, *_: Any) -> None:
        if not self._is_following:
            self._choose(self._controls.choices())

    def _choose(self, choices: Choices) -> None:
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
        shown, files = self._shown(answer)
        small = "".join(f"<p>{html.escape(line)}</p>" for line in answer.small_print())
        self.answer.value = f"<h3>{html.escape(answer.sentence())}</h3>"
        self.body.value = f'{shown}<div class="small">{small}</div>'
        self.files.value = files
        self.code.value = panel.read_only(answer.python(self._archive.url), "Python that reproduces this view")
        self.say(answer.notices())

    def _shown(self, answer: Answer) -> tuple[str, str]:
        """Draw key numbers, chart and table, and offer them as files; nothing where there is nothing."""
        table = answer.table
        if table.empty:
            return "", ""
        self.renders += 1
        axes = answer.axes()
        png = plots.png(axes, dpi=DPI)
        shown = (
            panel.key_numbers(answer.numbers()),
            panel.picture(png, plots.alt_text(axes), self.renders),
            answer.printed(),
        )
        csv = table.to_csv(index=False).encode("utf-8-sig")  # the mark tells Excel that it is UTF-8
        files = (
            panel.download(f"{answer.name}.csv", csv, "text/csv", "Download CSV"),
            panel.download(f"{answer.name}.xlsx", xlsx_bytes(table, answer.name), XLSX, "Download XLSX"),
            panel.download(f"{answer.name}.png", png, "image/png", "Download PNG"),
        )
        return "".join(shown), f'<div class="files">{"".join(files)}</div>'


XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
