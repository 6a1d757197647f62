"""The picture of VMs that seem to do nothing, and of what they cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from vmgen_analytics.plots import labels, style
from vmgen_analytics.schema import MB_PER_GB, TABLES, machine_key
from vmgen_analytics.wording import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

IDLE_VMS = TABLES["idle_vms"]
KINDS = {
    "powered_off": ("off", style.MUTED),
    "zombie_likely": ("sends next to nothing", style.RISE),
    "zombie_possible": ("moves very little", style.OUTBOUND),
}
"""What is said of each kind, and its colour; the words stand beside every bar."""


def idle_vms(idle: pd.DataFrame, *, currency: str = "", top: int = 12, ax: Axes | None = None) -> Axes:
    """Draw the VMs that seem idle by what they cost a month, the dearest first; without prices by their quiet days.

    Parameters
    ----------
    idle
        Table ``idle_vms``.
    currency
        Printed beside the costs; nothing is converted.
    top
        So many; the others are counted.
    ax
        Where to draw; by default on a new figure.

    Returns
    -------
    Axes
        The picture; without rows it says that none seems idle.

    Raises
    ------
    SchemaError
        The frame is not the table.
    """
    IDLE_VMS.check(idle)
    if idle.empty:
        return style.nothing(ax, "No VM seems idle, as far as its traffic and its state tell.")
    has_costs = bool(idle["list_cost_per_month"].notna().any())
    lengths = idle["list_cost_per_month"] if has_costs else idle["quiet_days"]
    of_vms = idle[[*machine_key(idle), "vm_name"]]
    names, keys = labels.names(of_vms), labels.keyed(of_vms)
    ranked = idle.assign(length=lengths.astype("float64"), name=[names[key] for key in keys])
    shown = ranked.sort_values("length", ascending=False, kind="stable").head(top).reset_index(drop=True)
    ax = style.place(ax, 1.5 + 0.42 * len(shown))
    for place, row in enumerate(shown.itertuples()):
        _bar(ax, place, row, currency if has_costs else None)
    longest = float(shown["length"].max())
    ax.set_xlim(0, 1.75 * longest or 1.0)
    indent_pt = style.bar_names(ax, list(shown["name"]))
    style.number_axis(ax, "x")
    what = labels.measured("list cost a month", currency) if has_costs else "quiet days of those looked at"
    style.axis_label(ax, "x", what)
    note = _note(idle, shown, has_costs=has_costs)
    return style.dress(ax, _title(idle, currency), note=note, grid="x", indent_pt=indent_pt)


def _bar(ax: Axes, place: int, row: Any, currency: str | None) -> None:
    """A bar with what it costs, and below in small what was seen."""
    words, colour = KINDS.get(row.kind, (labels.drawable(row.kind), style.OTHER))
    length = 0.0 if pd.isna(row.length) else row.length
    (bar,) = ax.barh(place, length, 0.56, color=colour)
    if row.confidence != "full":
        bar.set(hatch=style.HATCH, alpha=style.OPEN_ALPHA, edgecolor="white")
    beside = {"textcoords": "offset points", "fontsize": style.SMALL_PT - 0.5}
    cost = f"{labels.money(row.length, currency)}: " if currency is not None and pd.notna(row.length) else ""
    cost = "no price known: " if currency is not None and not cost else cost
    style.write(ax, f"{cost}{words}", (length, place), xytext=(6, 1), va="bottom", **beside)
    style.write(ax, _seen(row), (length, place), xytext=(6, -1), va="top", color=style.MUTED, **beside)


def _seen(row: Any) -> str:
    days = f"on {row.quiet_days} of {counted(row.days_used, 'day')}"
    if row.kind == "powered_off":
        return days
    received, sent = (_small(getattr(row, f"{way}_MB_per_day")) for way in ("in", "out"))
    return f"{days}; on a middling one {received} in, {sent} out"


def _small(amount_MB: float) -> str:
    return labels.traffic(amount_MB) if not amount_MB < MB_PER_GB else f"{amount_MB:,.0f}\N{NO-BREAK SPACE}MB"


def _title(idle: pd.DataFrame, currency: str) -> str:
    known = idle["list_cost_per_month"].dropna()
    one = len(idle) == 1
    seem = f"{counted(len(idle), 'VM')} {'seems' if one else 'seem'} idle"
    if known.empty:
        return seem
    cost = labels.money(float(known.sum()), currency, decimals=labels.decimals([known.sum()]))
    least = "" if len(known) == len(idle) else "at least "
    return f"{seem} and {'costs' if one else 'cost'} {least}{cost} a month by the price book"


def _note(idle: pd.DataFrame, shown: pd.DataFrame, *, has_costs: bool) -> str:
    parts = ["By traffic and state alone: CPU and memory are not known."]
    if not has_costs:
        parts.append("No price is known.")
    if (shown["confidence"] != "full").any():
        parts.append("Hatched: fewer days are known than were asked for.")
    if len(shown) < len(idle):
        parts.append(f"Shown: {len(shown)} of {len(idle):,}, {'the dearest' if has_costs else 'the quietest'}.")
    return style.small_print(parts)
