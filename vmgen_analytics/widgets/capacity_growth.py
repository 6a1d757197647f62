"""What the capacity panel says of growth, and of the days on which limits are reached."""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from vmgen_analytics import plots
from vmgen_analytics.capacity import Limit
from vmgen_analytics.plots import labels
from vmgen_analytics.schema import TABLES
from vmgen_analytics.widgets import panel
from vmgen_analytics.widgets.capacity_question import NAMES, NOUNS, amount, caption, short_day, told
from vmgen_analytics.widgets.scope import UNKNOWN

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from vmgen_analytics.widgets.capacity_question import Question

SUPPOSED = "supposed"
CARDS = 3
"""So many limits are key numbers; all of them are in their table."""
BY_URGENCY = ("reached", "expected", "possible", "no trend", "unlikely", "unknown")
DATES = {"reached_p10": "1 in 10", "reached_p50": "Half", "reached_p90": "9 in 10"}


class GrowthShown:
    """What the fleet grows to, and the limits on its way."""

    def __init__(self, question: Question) -> None:
        self.asked = question

    @cached_property
    def table(self) -> pd.DataFrame:
        """Table ``footprint_forecast`` of the measure."""
        return self.asked.data.forecast(self.asked.measure, self.asked.part)

    @cached_property
    def supposed(self) -> Limit | None:
        """The limit that a person supposes, where one can hold."""
        choices = self.asked.choices
        if choices.limit is None or not self._can_be_limited:
            return None
        measure: Any = choices.measure
        place = {"account": choices.account or "", "location": choices.location or ""}
        return Limit(measure, float(choices.limit), note=SUPPOSED, source="the supposed limit", **place)

    @cached_property
    def limits(self) -> pd.DataFrame:
        """Table ``capacity_forecast`` of the limits of the part, with their note, the most urgent first."""
        asked = self.asked
        known = asked.data.planning.limits
        rows = asked.data.reached(known).assign(note=[limit.note for limit in known])
        if self.supposed:
            rows = pd.concat([rows, asked.data.reached((self.supposed,)).assign(note=SUPPOSED)], ignore_index=True)
        if not self._can_be_limited:
            rows = rows.iloc[:0]
        for name in ("account", "location"):
            if wanted := getattr(asked.part, name):
                rows = rows[rows[name] == wanted]
        order = rows["state"].map({state: place for place, state in enumerate(BY_URGENCY)})
        return rows.assign(order=order).sort_values(
            ["order", "reached_p10", "used_share"], ascending=[True, True, False], ignore_index=True, kind="stable"
        )

    @cached_property
    def drawn(self) -> pd.DataFrame:
        """Those of the limits that hold for the part as a whole, as their table."""
        table = TABLES["capacity_forecast"]
        rows = self.limits[self.limits["measure"] == self.asked.measure]
        for name in ("account", "location"):
            wanted = getattr(self.asked.part, name)
            rows = rows[rows[name].eq(wanted).fillna(value=False) if wanted else rows[name].isna()]
        return table.cast(rows[list(table.columns)].reset_index(drop=True))

    @property
    def name(self) -> str:
        """What the files are called."""
        return f"growth_{self.asked.measure}"

    def sentence(self) -> str:
        """Say when the first limit of the measure is reached, else what it grows to."""
        measure = self.asked.measure
        mine = self.limits[self.limits["measure"] == measure]
        if len(mine):
            return _until(mine.iloc[0])
        last = self.table.iloc[-1]
        now = told(self._now, measure) if pd.notna(self._now) else f"an unknown amount of {NOUNS[measure][1]}"
        if pd.isna(last["middle"]):
            return f"What {now}{self.asked.where} grow to cannot be told yet"
        span = f"between {last['low']:,.0f} and {last['high']:,.0f}"
        if f"{last['low']:,.0f}" == f"{last['high']:,.0f}":
            span = f"{last['middle']:,.0f}"
        when = labels.month_name(last["date"].to_period("M"))
        return f"{now[:1].upper()}{now[1:]}{self.asked.where}, and {span} in {when} if it goes on as it did"

    def notices(self) -> list[str]:
        """Say what cannot be told and what is needed, and which limits of other measures press more."""
        asked, sentences = self.asked, []
        if reason := self._reason():
            sentences.append(f"What it grows to cannot be told: {reason}.")
        told_already = {reason}
        for _, row in self.limits.iterrows():
            why = row["reason"]
            if isinstance(why, str) and why and why not in told_already and row["measure"] == asked.measure:
                sentences.append(f"Limit of {row['limit']}: {why}.")
                told_already.add(why)
        sentences += self._others()
        if asked.part.package is not None:
            sentences.append("A limit is about all packages: choose all packages to see when it is reached.")
        elif asked.part.location == UNKNOWN:
            sentences.append(
                "A limit is about a location that has a name: choose one, or all, to see when it is reached."
            )
        elif self.limits.empty:
            ways = "let the setting limits name a file of them, or write a supposed one above"
            sentences.append(f"No limit{asked.where} is set: {ways}.")
        return sentences

    def numbers(self) -> list[tuple[str, str, str]]:
        """What there is, what is expected at the end, and the most urgent limits."""
        measure, last = self.asked.measure, self.table.iloc[-1]
        numbers = [(f"{NAMES[measure]} now", amount(self._now, measure), self._since())]
        if pd.notna(last["middle"]):
            when = labels.month_name(last["date"].to_period("M"))
            span = f"8 futures of 10: {last['low']:,.0f} to {last['high']:,.0f}"
            numbers.append((f"{NAMES[measure]} in {when}", f"{last['middle']:,.0f}", span))
        mine = self.limits[self.limits["measure"] == measure].head(CARDS)
        return [*numbers, *(_card(row) for _, row in mine.iterrows())]

    def axes(self) -> Axes:
        """Draw the fan, the way there and the limits."""
        return plots.footprint_forecast(self.table, measure=self.asked.measure, past=self._past, limits=self.drawn)

    def printed(self) -> str:
        """Limits, if there are any, and what is expected month by month."""
        months = [
            [short_day(row["date"]), *(_rounded(row[name]) for name in ("low", "middle", "high"))]
            for _, row in self.table.dropna(subset=["middle"]).iterrows()
        ]
        noun = NOUNS[self.asked.measure][1]
        head = ["Day", "At least, in 9 futures of 10", "Half of the futures", "At most, in 9 of 10"]
        growth = panel.table(head, months, (), f"What {noun} grow to, by day") if months else ""
        if self.limits.empty:
            return growth
        said = f"What {noun} grow to, if births and deaths go on as they did"
        kept = self.limits.drop(columns="order")
        csv = kept.to_csv(index=False).encode("utf-8-sig")
        file = panel.download("limits.csv", csv, "text/csv", "Download limits as CSV")
        return f'{_limits(self.limits)}<div class="files">{file}</div>{growth and caption(said)}{growth}'

    def small_print(self) -> list[str]:
        """Say what a forecast rests on and leaves out."""
        lines = [
            "1,000 futures are drawn from the births and deaths that were counted, as often as they were.",
            "A day is one by which so many of them have reached a limit. Resizes and plans are not in it.",
        ]
        if self.supposed:
            lines.append(f"The limit of {self.supposed.says} is supposed in this view; no file says so.")
        return lines

    def python(self) -> list[str]:
        """Lines that make the table, the chart and the limits."""
        asked, measure = self.asked, self.asked.measure
        limits = ["limits = planning.limits"]
        if self.supposed:
            place = "".join(
                f", {name}={getattr(self.supposed, name)!r}"
                for name in ("account", "location")
                if getattr(self.supposed, name)
            )
            limits = [f'limits = (*planning.limits, va.Limit("{measure}", {self.supposed.amount!r}{place}))']
        return [
            "lifetimes, days = planning.lifetimes, planning.days",
            *asked.part.python("lifetimes"),
            *asked.part.python("days"),
            f'table = va.footprint_forecast(lifetimes, planning.syncs, planning.days, measures=["{measure}"])',
            "",
            *limits,
            "reached = va.capacity_forecast(limits, planning.lifetimes, planning.syncs, planning.days)",
            *self._of_part(),
            f'past = va.footprint(days[days["date"] >= "{asked.days.start:%Y-%m-%d}"], ())',
            f'ax = plots.footprint_forecast(table, measure="{measure}", past=past, limits=reached)',
        ]

    def _of_part(self) -> list[str]:
        """Write the lines that leave the limits of the whole part in ``reached``."""
        part = self.asked.part
        if not self._can_be_limited:
            return ["reached = reached.iloc[:0]  # a limit is about all packages, and about places that have a name"]
        return [
            f'reached = reached[reached["{name}"].eq({wanted!r}).fillna(False)]'
            if (wanted := getattr(part, name))
            else f'reached = reached[reached["{name}"].isna()]'
            for name in ("account", "location")
        ]

    @property
    def _can_be_limited(self) -> bool:
        """Whether a limit can hold for the part: for all packages, in a location that has a name or in all."""
        return self.asked.part.package is None and self.asked.part.location != UNKNOWN

    @cached_property
    def _past(self) -> pd.DataFrame:
        """Table ``footprint`` of the part, from the first day of the period until now."""
        rows = self.asked.data.footprint((), self.asked.part)
        return rows[rows["date"] >= self.asked.days.start]

    @property
    def _now(self) -> float:
        """How much there is of the measure, of each account's last day."""
        newest, measure = self.asked.newest, self.asked.measure
        return float(len(newest) if measure == "vms" else newest[measure].sum(min_count=1))

    def _since(self) -> str:
        measure, past = self.asked.measure, self._past
        if len(past) < 2:
            return "what there was before is not known"
        first = past.iloc[0]
        change = self._now - float(first[measure])
        when = labels.day_name(first["date"])
        if math.isnan(change):
            return f"not known on {when}"
        return f"{amount(change, measure, signed=True)} against {when}" if change else f"as on {when}"

    def _reason(self) -> str:
        reasons = [reason for reason in self.table["reason"] if isinstance(reason, str) and reason]
        return reasons[0] if reasons else ""

    def _others(self) -> list[str]:
        """Point to limits of other measures that come first."""
        presses = self.limits[self.limits["state"].isin(["reached", "expected"])]
        others = presses[presses["measure"] != self.asked.measure]
        return [f"{_until(row)}: choose {NAMES[row['measure']]} to see it." for _, row in others.iterrows()]


def _until(row: pd.Series) -> str:
    """Say of a limit when it is reached, as far as that can be told."""
    limit = row["limit"]
    kind = "supposed limit" if row["note"] == SUPPOSED else "limit"
    if row["state"] == "reached":
        return f"The {kind} of {limit} is reached"
    used = (
        f"{labels.percent(row['used_share'])} used" if pd.notna(row["used_share"]) else "how much is used is not known"
    )
    if pd.notna(row["reached_p10"]):
        day, late = row["reached_p10"], row["reached_p90"]
        until = (
            f"between {labels.day_name(day)} and {labels.day_name(late)}"
            if pd.notna(late)
            else f"from {labels.day_name(day)} on"
        )
        return f"The {kind} of {limit} may be reached {until}; {used} now"
    reasons = {"unlikely": "is not expected within a year", "no trend": "has no date, as there is no trend"}
    return f"The {kind} of {limit} {reasons.get(row['state'], 'has no date yet')}; {used}"


def _card(row: pd.Series) -> tuple[str, str, str]:
    """A limit as a key number: the first day on which it may be reached, or how much of it is used."""
    supposed = ", supposed" if row["note"] == SUPPOSED else ""
    name = f"Limit of {row['limit']}{supposed}"
    used = f"{labels.percent(row['used_share'])} used" if pd.notna(row["used_share"]) else "use unknown"
    if pd.notna(row["reached_p10"]):
        half = f"in 5 by {labels.day_name(row['reached_p50'])}" if pd.notna(row["reached_p50"]) else row["state"]
        return name, labels.day_name(row["reached_p10"]), f"by then in 1 future of 10, {half}; {used}"
    return name, used, str(row["state"])


def _limits(limits: pd.DataFrame) -> str:
    rows = [
        [
            f"{row['limit']}{' (supposed)' if row['note'] == SUPPOSED else ''}",
            amount(row["used"], row["measure"]),
            labels.percent(row["used_share"]),
            *(short_day(row[name]) for name in DATES),
            labels.percent(row["chance"]),
            str(row["state"]),
        ]
        for _, row in limits.iterrows()
    ]
    head = ["Limit", "Used", "Share", *DATES.values(), "Chance in a year", "State"]
    return panel.table(head, rows, (), "Limits, and the days on which they are reached")


def _rounded(value: float) -> str:
    return labels.MISSING if pd.isna(value) else f"{value:,.0f}"
