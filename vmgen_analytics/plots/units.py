"""The picture of unit costs: a small chart for each unit, month by month."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from vmgen_analytics.plots import labels, stacks, style
from vmgen_analytics.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from matplotlib.axes import Axes
    from matplotlib.typing import ColorType

UNIT_COSTS = TABLES["unit_costs"]
UNITS = {
    "cost_per_vm_month": "a VM, a month",
    "cost_per_vcpu_month": "a vCPU, a month",
    "cost_per_ram_GB_month": "a GB of memory, a month",
    "cost_per_disk_GB_month": "a GB of disk, a month",
    "cost_per_out_TB": "a TB sent",
}
COLUMNS, ROWS = 3, 2


def unit_costs(
    units: pd.DataFrame,
    *,
    currency: str = "",
    open_month: pd.Period | None = None,
    top: int = 6,
    ax: Axes | None = None,
) -> Axes:
    """Draw what a VM, a vCPU, a GB of memory, a GB of disk and a TB sent cost, month by month.

    Parameters
    ----------
    units
        Table ``unit_costs``, of everything or by one group.
    currency
        Printed beside the numbers; nothing is converted.
    open_month
        A month that is not over: left out, as its invoice and its days may not be of the same length.
    top
        So many groups in colour, those that cost most; the others are thin grey lines.
    ax
        Where to draw; by default on a new figure.

    Returns
    -------
    Axes
        The picture, with a small chart in it for each unit; one that has no number says why.

    Raises
    ------
    SchemaError
        The frame is not the table, or has several groups.
    """
    UNIT_COSTS.check(units)
    ax = style.place(ax, 5.2)
    rows = units[units["month"] != open_month]
    if rows.empty:
        return style.nothing(ax, "No unit costs to show: no month that is over has an invoice.")
    months = pd.period_range(rows["month"].min(), rows["month"].max(), freq="M")
    colour = _colours(rows, top)
    for place, (name, what) in enumerate(UNITS.items()):
        _draw(_small(ax, place), rows, name, what, months, colour)
    if labels.group_of(rows):
        _name_groups(_small(ax, len(UNITS)), rows, colour)
    title, note = _title(rows, currency), _note(rows, currency, open_month)
    style.dress(ax, title, note=note)
    ax.set_axis_off()
    return ax


def _small(ax: Axes, place: int) -> Axes:
    width, height, gap = 1 / COLUMNS, 1 / ROWS, 0.075
    line, column = divmod(place, COLUMNS)
    bounds = (column * width + gap / 2, 1 - (line + 1) * height + gap, width - gap, height - 2.1 * gap)
    return ax.inset_axes(bounds)


def _colours(rows: pd.DataFrame, top: int) -> Mapping[Hashable, ColorType]:
    """Colour the groups that cost most; the others have none."""
    if labels.group_of(rows) is None:
        return {"total": style.INBOUND}
    keys = labels.keyed(rows)
    spent = rows["allocated_cost"].groupby(keys.where(keys.notna(), stacks.NO_KEY)).sum().sort_values(ascending=False)
    named = [key for key in spent.index if key != stacks.NO_KEY and style.special_colour(key, str(key)) is None]
    return style.colours(named[:top])


def _draw(
    small: Axes, rows: pd.DataFrame, name: str, what: str, months: pd.PeriodIndex, colour: Mapping[Hashable, ColorType]
) -> None:
    """One unit: a line for each group, and the newest number of a total."""
    small.set_title(
        what, loc="left", y=1.0, fontsize=style.SMALL_PT, fontweight="bold", color=style.INK, **style.plain()
    )
    style.dress_small(small)
    if rows[name].isna().all():
        small.set(xticks=[], yticks=[])
        small.spines[:].set_visible(False)
        why = f"not known: {labels.drawable(_why(rows), 90)}"
        _sentence(small, why)
        return
    keys = labels.keyed(rows)
    for key, part in rows.groupby(keys.where(keys.notna(), stacks.NO_KEY)):
        values = part.groupby("month")[name].sum(min_count=1).reindex(months).to_numpy()
        look: dict[str, Any] = {"color": colour.get(key, style.UNKNOWN), "linewidth": 1.8 if key in colour else 0.7}
        is_few = len(months) < 4 or np.isfinite(values).sum() < 2
        small.plot(values, marker="o" if is_few or key in colour else "", markersize=3.5, **look)
    small.set_xlim(-0.4, len(months) - 0.6 + 0.25 * max(len(months) - 1, 1))
    small.set_ylim(min(0.0, float(rows[name].min())) * 1.1, float(rows[name].max()) * 1.18 or 1.0)
    every = -(-len(months) // 4)
    shown = list(range((len(months) - 1) % every, len(months), every))
    small.set_xticks(shown, [_short(months[index]) for index in shown])
    if labels.group_of(rows) is None:
        newest = rows.dropna(subset=[name]).iloc[-1]
        place = list(months).index(newest["month"])
        at = {"xytext": (5, 0), "textcoords": "offset points", "va": "center", "fontweight": "bold"}
        style.write(small, _number(newest[name]), (place, newest[name]), **at)


def _sentence(small: Axes, text: str) -> None:
    at = {"xycoords": "axes fraction", "va": "top", "color": style.MUTED}
    style.write(small, style.wrapped(text, 34), (0, 0.92), **at)


def _short(month: pd.Period) -> str:
    return f"{labels.month_name(month)[:3]}\n{month.year}"


def _number(value: float) -> str:
    """Print with digits that count: a GB of disk costs parts of a cent."""
    return labels.money(value, decimals=0 if value >= 100 else 2 if value >= 0.1 else 4)


def _why(rows: pd.DataFrame) -> str:
    newest = rows.iloc[-1]["missing"]
    return str(newest) if isinstance(newest, str) and newest else "nothing to divide by"


def _name_groups(small: Axes, rows: pd.DataFrame, colour: Mapping[Hashable, ColorType]) -> None:
    small.set_axis_off()
    names = labels.names(rows)
    lines = [(names[key], hue) for key, hue in colour.items()]
    grey = len(names) - len(lines)
    lines += [(labels.others(grey), style.OTHER)] if grey else []
    for place, (name, hue) in enumerate(lines):
        height = 0.95 - place * 0.14
        at = {"xycoords": "axes fraction", "va": "center"}
        style.write(small, "■", (0, height), color=hue, **at)
        style.write(small, labels.drawable(name, 30), (0.07, height), **at)


def _title(rows: pd.DataFrame, currency: str) -> str:
    month = rows["month"].max()
    newest = rows[rows["month"] == month]
    if labels.group_of(rows) or pd.isna(newest["cost_per_vm_month"].iloc[0]):
        return f"What a unit cost until {labels.month_name(month)}"
    amount = newest["cost_per_vm_month"].iloc[0]
    cost = labels.money(amount, currency, decimals=labels.decimals([amount]))
    return f"A VM cost {cost} on average in {labels.month_name(month)}"


def _note(rows: pd.DataFrame, currency: str, open_month: pd.Period | None) -> str:
    parts = [labels.by(labels.group_of(rows)), f"In {currency}." if currency else ""]
    parts.append("Each divides all of the cost, so they are not to be added. A gap: not known.")
    if open_month is not None:
        parts.append(f"Without {labels.month_name(open_month)}, which is not over.")
    return " ".join(filter(None, parts))
