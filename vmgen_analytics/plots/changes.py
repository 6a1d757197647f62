"""The picture of what changed: a waterfall from one month's total to the next one's."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from vmgen_analytics.plots import labels, style
from vmgen_analytics.schema import TABLES, machine_key
from vmgen_analytics.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

COST_CHANGES = TABLES["cost_changes"]
HALF_A_CENT = 0.005
BAR = 0.66
FLAT = 0.3
"""Steps that span less of the larger total than this would be slivers beside bars that begin at 0."""


@dataclass(frozen=True)
class _Step:
    """A bar of the waterfall: its name, how much it adds, and how many VMs it concerns."""

    name: str
    change: float
    vms: int
    is_rest: bool = False


def cost_changes(
    changes: pd.DataFrame,
    *,
    month: pd.Period | str | None = None,
    currency: str = "",
    top: int = 8,
    ax: Axes | None = None,
) -> Axes:
    """Draw how one month's total became the next one's, step by step.

    Parameters
    ----------
    changes
        Table ``cost_changes``: by reason in the order of the table, or by VM, the largest step first.
    month
        Which later month; by default the newest.
    currency
        Printed beside the numbers; nothing is converted.
    top
        So many VMs by name; the others are summed in one grey bar with their number. Reasons are few and all shown.
    ax
        Where to draw; by default on a new figure.

    Returns
    -------
    Axes
        The picture, whose bars lead exactly from the first total to the last: what is less than half a cent is in the
        largest step. Without rows it says what is missing.

    Raises
    ------
    SchemaError
        The frame is not the table, or ``month`` is no month.
    """
    COST_CHANGES.check(changes)
    wanted = labels.newest_month(changes) if month is None else labels.as_month(month)
    rows = changes[changes["month"] == wanted]
    if wanted is None or rows.empty:
        return style.nothing(ax, _nothing(wanted))
    before, after = float(rows["total_before"].iloc[0]), float(rows["total_after"].iloc[-1])
    steps = _folded(_of_vms(rows, top) if "vm_id" in rows else _of_reasons(rows))
    ax = style.place(ax, 1.7 + 0.34 * len(steps))
    starts = before + np.cumsum([0.0, *(step.change for step in steps[:-1])])
    ends = np.append(starts[1:], after)
    begin = _begin(np.array([before, *ends]))
    _draw_total(ax, 0, before, begin)
    _draw_total(ax, len(steps) + 1, after, begin)
    for place, (step, start, end) in enumerate(zip(steps, starts, ends, strict=True), start=1):
        colour = style.OTHER if step.is_rest else style.RISE if step.change > 0 else style.FALL
        edge = style.RISE if step.change > 0 else style.INK
        ax.barh(place, end - start, BAR, left=start, color=colour, edgecolor=edge, linewidth=0.6)
    for place, level in enumerate([before, *ends]):
        ax.plot([level, level], [place - BAR / 2, place + 1 + BAR / 2], color=style.MUTED, linewidth=0.7, zorder=0.9)
    _limit(ax, np.array([before, *ends]), begin)
    _amounts(ax, steps, starts, ends, (before, after), currency)
    months = [labels.month_name(each) for each in (wanted - 1, wanted)]
    indent_pt = style.bar_names(ax, [months[0], *(step.name for step in steps), months[1]])
    style.axis_label(ax, "x", labels.measured("cost of the month", currency))
    style.number_axis(ax, "x")
    title = _title(months, before, after, currency)
    note = _note(labels.money(begin, currency, decimals=labels.decimals([after - begin])) if begin else "")
    return style.dress(ax, title, note=note, grid="x", indent_pt=indent_pt)


def _nothing(month: pd.Period | None) -> str:
    if month is None:
        return "No change of costs to show: it takes two months with invoices that differ."
    names = labels.month_name(month), labels.month_name(month - 1)
    return f"No change of costs to show for {names[0]}: it cost what {names[1]} did, or one of them has no invoice."


def _of_reasons(rows: pd.DataFrame) -> list[_Step]:
    columns = (rows[name] for name in ("reason", "change", "vms"))
    return [_Step(str(reason), float(change), int(vms)) for reason, change, vms in zip(*columns, strict=True)]


def _of_vms(rows: pd.DataFrame, top: int) -> list[_Step]:
    """The largest steps, each a VM and a reason, then the others in one."""
    names = labels.names(rows)
    keyed = rows.assign(name=[names[key] for key in labels.keyed(rows)])
    ranked = keyed.loc[keyed["change"].abs().sort_values(ascending=False, kind="stable").index]
    cut = top if len(ranked) > top + 1 else len(ranked)
    columns = (ranked[name][:cut] for name in ("name", "reason", "change", "vms"))
    steps = [
        _Step(f"{labels.drawable(name, 20)}, {reason.removesuffix(' VMs')}", float(change), int(vms))
        for name, reason, change, vms in zip(*columns, strict=True)
    ]
    rest = ranked[cut:]
    if len(rest):
        vms = len(rest.drop_duplicates(machine_key(rest)))
        steps.append(_Step(labels.others(len(rest)), float(rest["change"].sum()), vms, is_rest=True))
    return steps


def _folded(steps: Sequence[_Step]) -> list[_Step]:
    """Put what is less than half a cent into the largest step, so that no bar is invisible and none is lost."""
    seen = [step for step in steps if abs(step.change) >= HALF_A_CENT]
    largest = max(steps, key=lambda step: abs(step.change))
    whole = replace(largest, change=largest.change + sum(step.change for step in steps if step not in seen))
    return [whole if step is largest else step for step in seen] if seen else [replace(whole, name="less than a cent")]


def _begin(levels: np.ndarray[Any, Any]) -> float:
    """Where the axis begins: at 0, or nearer to the steps where they would be slivers."""
    low, high = levels.min(), levels.max()
    if low <= 0 or high - low >= FLAT * high:
        return 0.0
    return max(0.0, float(low - max(high - low, HALF_A_CENT)))


def _draw_total(ax: Axes, place: int, total: float, begin: float) -> None:
    ax.barh(place, total - begin, BAR, left=begin, color=style.MUTED, linewidth=0)
    if begin:  # the bar does not show all of the total
        cut = {"xytext": (7, 0), "textcoords": "offset points", "va": "center", "fontweight": "bold"}
        style.write(ax, "//", (begin, place), color="white", **cut)


def _limit(ax: Axes, levels: np.ndarray[Any, Any], begin: float) -> None:
    low, high = min(levels.min(), begin), max(levels.max(), begin)
    room = 0.17 * ((high - low) or 1.0)
    ax.set_xlim(low - (room if low < begin else 0.0), high + room)
    ax.axvline(begin, color=style.INK, linewidth=0.9)


def _amounts(
    ax: Axes,
    steps: Sequence[_Step],
    starts: np.ndarray[Any, Any],
    ends: np.ndarray[Any, Any],
    totals: tuple[float, float],
    currency: str,
) -> None:
    """Print each amount to the right of its bar."""
    decimals = labels.decimals(step.change for step in steps)
    beside = {"xytext": (5, 0), "textcoords": "offset points", "va": "center"}
    for place, total in zip((0, len(steps) + 1), totals, strict=True):
        text = labels.money(total, currency, decimals=decimals)
        style.write(ax, text, (max(total, 0.0), place), fontweight="bold", **beside)
    for place, (step, start, end) in enumerate(zip(steps, starts, ends, strict=True), start=1):
        text = labels.money(step.change, decimals=decimals, signed=True)
        text += f"  ({counted(step.vms, 'VM')})" if step.vms > 1 else ""
        style.write(ax, text, (max(start, end), place), **beside)


def _title(months: Sequence[str], before: float, after: float, currency: str) -> str:
    change = after - before
    if abs(change) < HALF_A_CENT:
        return f"{months[1]} cost as much as {months[0]}, but not for the same"
    difference = labels.money(abs(change), currency, decimals=labels.decimals([change]))
    return f"{months[1]} cost {difference} {'more' if change > 0 else 'less'} than {months[0]}"


def _note(begin: str) -> str:
    note = "Red: dearer. Blue: cheaper. The steps add up to the change."
    return f"{note} The axis begins at {begin}, not at 0." if begin else note
