"""The picture of who moves most."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from vmgen_analytics.errors import SchemaError
from vmgen_analytics.plots import labels, style
from vmgen_analytics.schema import TABLES
from vmgen_analytics.wording import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TOP_TALKERS = TABLES["top_talkers"]
DIRECTIONS = {"out": "sent", "in": "received", "sum": "received and sent", "": "moved"}
FEW = 0.1


def top_talkers(talkers: pd.DataFrame, *, direction: str = "", ax: Axes | None = None) -> Axes:
    """Draw who moves most, each with its share and its change, and all others in one grey bar.

    Parameters
    ----------
    talkers
        Table ``top_talkers``.
    direction
        out, in or sum, as the table was asked for: for the words only, as the table does not say it.
    ax
        Where to draw; by default on a new figure.

    Returns
    -------
    Axes
        The picture; a tick on a bar is the earlier period. Without rows it says what is missing.

    Raises
    ------
    SchemaError
        The frame is not the table, or there is no such direction.
    """
    TOP_TALKERS.check(talkers)
    if direction not in DIRECTIONS:
        raise SchemaError(f"no direction {direction!r}; there are out, in and sum")
    if talkers.empty or not talkers["days_covered"].any():
        return style.nothing(ax, "No top talkers to show: no day is known in both periods.")
    bars = _bars(talkers)
    ax = style.place(ax, 1.6 + 0.36 * len(bars))
    named = bars[~bars["is_other"]]
    longest = float(np.nanmax([*named["traffic_MB"], *named["before_MB"], 0.0]))
    has_bar = bars[["traffic_MB", "before_MB"]].max(axis="columns").fillna(0.0) <= style.LONGEST_REST * longest
    bars = bars.assign(has_bar=has_bar | ~bars["is_other"])
    longest = float(np.nanmax([*bars.loc[bars["has_bar"], ["traffic_MB", "before_MB"]].to_numpy().ravel(), 0.0]))
    unit = labels.traffic_unit(longest)
    lengths = bars["traffic_MB"].where(bars["has_bar"]).fillna(0.0) / labels.UNITS_MB[unit]
    ax.barh(range(len(bars)), lengths, 0.66, color=bars["colour"])
    for place, row in enumerate(bars.itertuples()):
        _before(ax, place, row, unit)
        _values(ax, place, row, unit)
    ax.set_xlim(0, 1.5 * longest / labels.UNITS_MB[unit] or 1.0)
    indent_pt = style.bar_names(ax, list(bars["name"]))
    style.number_axis(ax, "x")
    style.axis_label(ax, "x", f"{unit} {DIRECTIONS[direction]}, {_period(talkers)}")
    return style.dress(ax, _title(bars, direction), note=_note(bars), grid="x", indent_pt=indent_pt)


def _bars(talkers: pd.DataFrame) -> pd.DataFrame:
    """Give each row its name and its colour: that of the VM everywhere, and grey for the others."""
    named = talkers[~talkers["is_other"]]
    names, keys = labels.names(named), labels.keyed(named)
    greys = {key: style.special_colour(key, names[key]) for key in keys}
    hue = {
        **style.colours([key for key in keys if greys[key] is None]),
        **{key: grey for key, grey in greys.items() if grey},
    }
    rest = talkers[talkers["is_other"]]
    titles = [names[key] for key in keys] + [labels.others(int(number)) for number in rest["groups"]]
    colours: list[Any] = [hue[key] for key in keys] + [style.OTHER] * len(rest)
    return pd.concat([named, rest], ignore_index=True).assign(name=titles, colour=colours)


def _before(ax: Axes, place: int, row: Any, unit: str) -> None:
    if pd.notna(row.before_MB) and row.has_bar:
        at = row.before_MB / labels.UNITS_MB[unit]
        ax.plot([at, at], [place - 0.42, place + 0.42], color=style.INK, linewidth=2.0, solid_capstyle="butt")


def _values(ax: Axes, place: int, row: Any, unit: str) -> None:
    beside = {"textcoords": "offset points", "va": "center"}
    if pd.isna(row.traffic_MB):
        style.write(ax, "no final report", (0, place), xytext=(4, 0), color=style.MUTED, **beside)
        return
    longest = np.nanmax([row.traffic_MB, row.before_MB]) if row.has_bar else 0.0
    days = "" if row.days_covered >= row.days_expected else f"  ({row.days_covered:,} of {row.days_expected:,} days)"
    amount = labels.traffic(row.traffic_MB, unit if row.has_bar else None)
    text = f"{amount}, {_share(row.share)}{_change(row)}{days}"
    style.write(ax, text, (longest / labels.UNITS_MB[unit], place), xytext=(6, 0), **beside)


def _share(share: float) -> str:
    """Print a share with a decimal where it is small: in a large fleet all are."""
    return labels.percent(share, decimals=1 if share < FEW else 0)


def _change(row: Any) -> str:
    if pd.notna(row.change):
        return f", {labels.percent(row.change, signed=True)}"
    is_new = row.before_days_expected == 0
    return ", new" if is_new and row.traffic_MB else ""


def _period(talkers: pd.DataFrame) -> str:
    row = talkers.iloc[0]
    number = counted(int(row["compared_days"]), "day")
    return f"{number} of the period from {labels.day_name(row['first_day'])}"


def _title(bars: pd.DataFrame, direction: str) -> str:
    first = bars.iloc[0]
    total = labels.traffic(float(bars["traffic_MB"].sum())).replace("\N{NO-BREAK SPACE}", " ")
    verb = DIRECTIONS[direction]
    name = labels.drawable(first["name"], 24)
    if len(bars) == 1 or not bars["traffic_MB"].sum():
        return f"{name} {verb} {total}"
    return f"{name} {verb} {_share(first['share'])} of {total}"


def _note(bars: pd.DataFrame) -> str:
    row = bars.iloc[0]
    before = labels.day_name(row["before_first_day"])
    parts = [f"Share of all, and change against the same days from {before} (tick)."]
    if not bars["has_bar"].all():
        parts.append(style.NO_BAR)
    return " ".join(parts)
