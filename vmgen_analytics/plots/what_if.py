"""The picture of a plan: what there is, and what there would be."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from vmgen_analytics.errors import SchemaError
from vmgen_analytics.plots import labels, style
from vmgen_analytics.schema import MB_PER_GB, TABLES
from vmgen_analytics.wording import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WHAT_IF = TABLES["what_if"]
NAMES = {
    "vms": "VMs",
    "vcpus": "vCPUs",
    "ram_GB": "memory",
    "disk_GB": "disk",
    "list_cost": "list cost a month",
    "included_transfer_GB": "included traffic a month",
    "vm_share": "part of the VMs",
}
BEFORE, AFTER = style.OTHER, style.INBOUND


def what_if(effect: pd.DataFrame, *, location: str = "", ax: Axes | None = None) -> Axes:
    """Draw each measure before and after a plan, as two bars with their numbers and the change.

    Parameters
    ----------
    effect
        Table ``what_if``.
    location
        Of one location; by default of all together.
    ax
        Where to draw; by default on a new figure.

    Returns
    -------
    Axes
        The picture; the bars of each measure have a scale of their own. What cannot be told is a sentence in it.

    Raises
    ------
    SchemaError
        The frame is not the table, or has no such location.
    """
    WHAT_IF.check(effect)
    if effect.empty:
        return style.nothing(ax, "No plan to show: nothing is known of the fleet.")
    rows = _of(effect, location)
    ax = style.place(ax, 1.5 + 0.52 * len(rows))
    for place, row in enumerate(rows.itertuples()):
        _measure(ax, place, row)
    ax.set_xlim(0, 1.6)
    names = [_name(str(measure), location) for measure in rows["measure"]]
    indent_pt = style.bar_names(ax, names)
    ax.set_xticks([])
    ax.spines["bottom"].set_visible(False)
    note = style.small_print([f"In {labels.drawable(location)}." if location else "", _note(rows)])
    style.dress(ax, _title(rows), note=note, grid="x", indent_pt=indent_pt)
    ax.grid(visible=False)
    return ax


def _of(effect: pd.DataFrame, location: str) -> pd.DataFrame:
    if not location:
        return effect[effect["is_total"]].sort_values("position")
    rows = effect[~effect["is_total"] & effect["location"].eq(location).fillna(value=False)]
    if rows.empty:
        known = ", ".join(map(str, effect["location"].dropna().unique()))
        raise SchemaError(f"no location {location!r} in the plan; there are {known or 'none that are known'}")
    return rows.sort_values("position")


def _name(measure: str, location: str) -> str:
    return "largest location's VMs" if measure == "vm_share" and not location else NAMES.get(measure, measure)


def _measure(ax: Axes, place: int, row: Any) -> None:
    beside = {"textcoords": "offset points", "xytext": (6, 0), "va": "center"}
    if pd.isna(row.before) and pd.isna(row.after):
        why = labels.drawable(str(row.reason), 90) or "not known"
        style.write(ax, f"not known: {why}", (0, place), color=style.MUTED, **beside)
        return
    largest = float(np.nanmax([row.before, row.after, 0.0])) or 1.0
    for amount, shift, colour in ((row.before, -0.19, BEFORE), (row.after, 0.19, AFTER)):
        length = 0.0 if math.isnan(amount) else max(amount, 0.0) / largest
        ax.barh(place + shift, length, 0.34, color=colour, linewidth=0)
        is_after = colour == AFTER
        text = f"{_printed(amount, row)}{_change(row) if is_after else ''}"
        how = {"fontweight": "bold"} if is_after else {"color": style.MUTED}
        style.write(ax, text, (length, place + shift), **beside, **how)


def _printed(amount: float, row: Any, *, signed: bool = False) -> str:
    if math.isnan(amount):
        return "not known"
    sign = "+" if signed and amount > 0 else ""
    if row.unit == "1":
        return labels.percent(amount, decimals=1, signed=signed)
    if row.measure == "included_transfer_GB":
        return sign + labels.traffic(amount * MB_PER_GB).replace("-", labels.MINUS)
    if row.measure == "list_cost":
        return labels.money(amount, str(row.unit).removesuffix("/month"), signed=signed)
    number = f"{sign}{amount:,.10g}".replace("-", labels.MINUS)
    return number if row.unit in ("VM", "vCPU") else f"{number}\N{NO-BREAK SPACE}{row.unit}"


def _change(row: Any) -> str:
    if pd.isna(row.change):
        return ""
    if not row.change:
        return "  (as before)"
    of = f", {labels.percent(row.change / row.before, signed=True)}" if row.before and row.unit != "1" else ""
    points = " of all" if row.unit == "1" else ""
    return f"  ({_printed(row.change, row, signed=True)}{points}{of})"


def _title(rows: pd.DataFrame) -> str:
    by_measure = rows.set_index("measure")
    changes: pd.Series[float] = by_measure["change"]
    change = changes.get("vms", 0.0)
    many = counted(int(abs(change)), "VM")
    told = f"{many} {'more' if change > 0 else 'fewer'}" if change else "As many VMs"
    amount = changes.get("list_cost", math.nan)
    if math.isnan(amount):
        return f"{told}; what they cost is not known"
    if not amount:
        return f"{told}, for the same list cost"
    printed = labels.money(abs(amount), str(by_measure.loc["list_cost", "unit"]).removesuffix("/month"))
    return f"{told}, and {printed} a month {'more' if amount > 0 else 'less'} by the price book"


def _note(rows: pd.DataFrame) -> str:
    parts = ["Grey: before. Blue: after the plan. Each measure has a scale of its own."]
    told = rows[rows["before"].notna() & rows["after"].notna() & rows["reason"].ne("")]
    parts += [
        f"{NAMES.get(str(row.measure), str(row.measure)).capitalize()}: {labels.drawable(str(row.reason), 120)}."
        for row in told.itertuples()
    ]
    return " ".join(parts)
