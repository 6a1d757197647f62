"""The picture of quotas of traffic: how all of them stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from vmgen_analytics.plots import labels, style
from vmgen_analytics.schema import MB_PER_GB, TABLES
from vmgen_analytics.wording import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

QUOTA_STATUS = TABLES["quota_status"]
NOTHING = "No quota to show: none is known, as the provider publishes no transfer policy. Write yours into a file."
FURTHEST = 1.6
"""Where the axis of the bars ends: one that goes beyond is cut, and its number tells how far."""


def quota_status(quotas: pd.DataFrame, *, top: int = 12, ax: Axes | None = None) -> Axes:
    """Draw each quota as a bullet: what is used, what is expected with its interval, and the line of the quota.

    Parameters
    ----------
    quotas
        Table ``quota_status``.
    top
        So many, the worst first.
    ax
        Where to draw; by default on a new figure.

    Returns
    -------
    Axes
        A bullet for each quota; without rows the sentence that none is known, and what to do.

    Raises
    ------
    SchemaError
        The frame is not the table.
    """
    QUOTA_STATUS.check(quotas)
    if quotas.empty:
        return style.nothing(ax, NOTHING)
    shown = quotas.sort_values("rank").head(top)
    ax = style.place(ax, 1.6 + 0.42 * len(shown))
    for place, row in enumerate(shown.itertuples()):
        _bullet(ax, place, row)
    ax.axvline(1.0, color=style.INK, linewidth=1.4, zorder=3)
    ax.set_xlim(0, FURTHEST * 1.5)
    indent_pt = style.bar_names(ax, [_name(row) for row in shown.itertuples()])
    ax.set_xticks([0, 0.5, 1.0, 1.5])
    style.number_axis(ax, "x", labels.percent)
    style.axis_label(ax, "x", f"part of the quota of {labels.month_name(shown['month'].iloc[0])}")
    return style.dress(ax, _stand(quotas), note=_note(quotas, shown), grid="x", indent_pt=indent_pt)


def _bullet(ax: Axes, place: int, row: Any) -> None:
    """Used as a bar, dark beyond the quota; expected as a diamond with its interval; both in words beside."""
    beside = {"textcoords": "offset points", "va": "center", "xytext": (6, 0)}
    if pd.isna(row.quota_GB) or not row.quota_GB:
        style.write(ax, f"{amount_of(row.used_GB)} used; no quota known", (0, place), color=style.MUTED, **beside)
        return
    colour = style.RISE if row.state == "exceeded" else style.INBOUND
    ax.barh(place, min(row.used_share, FURTHEST), 0.5, color=colour, linewidth=0, zorder=2)
    reached = row.used_share
    if pd.notna(row.expected_GB):
        expected, low, high = (amount / row.quota_GB for amount in (row.expected_GB, row.low_GB, row.high_GB))
        style.expected(ax, place, expected, low, high, most=FURTHEST)
        reached = np.nanmax([reached, expected, high])
    style.write(ax, _standing(row), (max(min(reached, FURTHEST), 1.0), place), **beside)


def _standing(row: Any) -> str:
    used = f"{labels.percent(row.used_share)} used"
    if pd.notna(row.expected_GB):
        used += f", {labels.percent(row.expected_GB / row.quota_GB)} expected"
    chance = (
        f", chance {labels.percent(row.chance_over)}" if row.state == "possible" and pd.notna(row.chance_over) else ""
    )
    if pd.isna(row.exceeded_on):
        return f"{used}{chance}"
    day = f"{row.exceeded_on.day} {row.exceeded_on.month_name()[:3]}"
    return f"{used}, {'since' if row.state == 'exceeded' else 'over on'} {day}"


def _name(row: Any) -> str:
    if not isinstance(row.group, str):
        return f"unknown {row.scope}"
    return labels.drawable(row.group if row.scope == "vm" else f"{row.scope} {row.group}", 34)


def amount_of(amount_GB: float) -> str:
    """Print an amount of a quota's GB."""
    return labels.traffic(float(amount_GB) * MB_PER_GB)


def _stand(quotas: pd.DataFrame) -> str:
    exceeded, expected = (int((quotas["state"] == state).sum()) for state in ("exceeded", "expected"))
    of_all = f"Of {counted(len(quotas), 'quota')}" if len(quotas) > 1 else "Of the quota"
    if not exceeded and not expected:
        possible = int((quotas["state"] == "possible").sum())
        return f"{of_all}, none is expected to be exceeded{f', {possible:,} may be' if possible else ''}"
    if len(quotas) == 1:
        return "The quota is exceeded" if exceeded else "The quota is expected to be exceeded"
    return f"{of_all}, {exceeded:,} {'is' if exceeded == 1 else 'are'} exceeded and {expected:,} expected to be"


def _note(quotas: pd.DataFrame, shown: pd.DataFrame) -> str:
    day = labels.day_name(quotas["as_of"].iloc[0])
    parts = [f"As of {day}. Diamond: expected by the end of the month; line: in 8 of 10."]
    if (shown["used_share"] > FURTHEST).any():
        parts.append("Long bars are cut.")
    if len(shown) < len(quotas):
        parts.append(f"Shown: the {len(shown)} to look at first.")
    return " ".join(parts)
