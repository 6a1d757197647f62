"""The picture of one quota through its month: what is used, what is expected, and when it is used up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from vmgen_analytics.errors import SchemaError
from vmgen_analytics.plots import labels, style
from vmgen_analytics.plots.mirrored import by_day
from vmgen_analytics.plots.quotas import NOTHING, QUOTA_STATUS, amount_of
from vmgen_analytics.schema import MB_PER_GB, TABLES
from vmgen_analytics.wording import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DAILY_BANDWIDTH = TABLES["daily_bandwidth"]
SAME_VMS = 0.01
"""A month-to-date that differs by more from that of the quota is of other VMs."""
DAY = pd.Timedelta(days=1)


def quota_fan(
    quotas: pd.DataFrame, *, daily: pd.DataFrame | None = None, rank: int | None = None, ax: Axes | None = None
) -> Axes:
    """Draw one quota through its month: used so far, what is expected with its interval, and when it is used up.

    Parameters
    ----------
    quotas
        Table ``quota_status``.
    daily
        Table ``daily_bandwidth`` of the VMs of this quota, for the way so far; without it only its end is drawn.
    rank
        Which one; by default the first.
    ax
        Where to draw; by default on a new figure.

    Returns
    -------
    Axes
        The picture; what cannot be told is a sentence in it.

    Raises
    ------
    SchemaError
        A frame is not its table, there is no such rank, or the traffic is of other VMs.
    """
    QUOTA_STATUS.check(quotas)
    if quotas.empty:
        return style.nothing(ax, NOTHING)
    wanted = int(quotas["rank"].min()) if rank is None else rank
    if wanted not in quotas["rank"].array:
        raise SchemaError(f"no quota of rank {wanted}; there are {quotas['rank'].min()} to {quotas['rank'].max()}")
    row = quotas[quotas["rank"] == wanted].iloc[0]
    path = None if daily is None else _path(row, daily)
    ax = style.place(ax)
    highest = float(np.nanmax([row["used_GB"], row["quota_GB"], row["expected_GB"], row["high_GB"], 0.0]))
    unit = labels.traffic_unit(highest * MB_PER_GB)
    per = labels.UNITS_MB[unit] / MB_PER_GB
    begin, end = row["month"].start_time, (row["month"] + 1).start_time
    ax.set(xlim=(style.day_number(begin), style.day_number(end)), ylim=(0, 1.14 * highest / per or 1.0))
    _so_far(ax, row, path, per)
    _fan(ax, row, end, per, unit)
    _limit(ax, row, per, unit)
    style.day_axis(ax, pd.date_range(begin, end - DAY, unit="us"))
    style.number_axis(ax, "y")
    way = {"out": "sent", "in": "received", "max": "of the larger direction", "sum": "sent and received"}
    style.axis_label(ax, "y", f"{unit} {way.get(row['direction'], '')} since the first of the month")
    return style.dress(ax, _fan_title(row), note=_fan_note(row, path))


def _path(row: pd.Series[Any], daily: pd.DataFrame) -> pd.DataFrame:
    """Traffic since the first of the month by day, in the quota's GB, and which days had no report.

    Raises
    ------
    SchemaError
        It does not end where the quota says: it is of other VMs.
    """
    DAILY_BANDWIDTH.check(daily)
    month = daily[daily["date"].dt.to_period("M") == row["month"]]
    if month.empty:
        return pd.DataFrame({"used_GB": [], "is_silent": []}, index=pd.DatetimeIndex([]))
    days = by_day(month)
    ways = days[["in_MB", "out_MB"]].fillna(0.0).cumsum()
    totals = {"in": ways["in_MB"], "out": ways["out_MB"], "sum": ways.sum(axis="columns")}
    total = totals[row["direction"]] if row["direction"] in totals else ways.max(axis="columns")
    per_GB = (
        1024 if abs(total.iloc[-1] / 1024 - row["used_GB"]) < abs(total.iloc[-1] / 1000 - row["used_GB"]) else MB_PER_GB
    )
    used = total / per_GB
    if abs(used.iloc[-1] - row["used_GB"]) > SAME_VMS * max(row["used_GB"], used.iloc[-1]):
        raise SchemaError(
            f"the days add up to {total.iloc[-1] / MB_PER_GB:,.1f} GB, and the quota counts {row['used_GB']:,.1f} GB: "
            "they are of other VMs; take daily_bandwidth of the VMs that share the quota"
        )
    return pd.DataFrame({"used_GB": used, "is_silent": days["days_covered"] == 0})


def _so_far(ax: Axes, row: pd.Series[Any], path: pd.DataFrame | None, per: float) -> None:
    """Draw the way to what is used; days without a report are grey."""
    now = style.day_number(row["as_of"] + DAY)
    if path is not None and len(path):
        edges = style.day_edges(pd.DatetimeIndex(path.index))
        ax.plot(edges, [0.0, *(path["used_GB"] / per)], color=style.INBOUND, linewidth=2.2)
        style.grey(ax, path["is_silent"].to_numpy(), edges)
        now = float(edges[-1])
    ax.plot(now, row["used_GB"] / per, "o", color=style.INBOUND, markersize=6)
    how = {
        "xytext": (-6, 6),
        "textcoords": "offset points",
        "ha": "right",
        "color": style.INBOUND,
        "fontweight": "bold",
    }
    if now < ax.get_xlim()[0] + 5 or 0.9 < row["used_share"] <= 1:  # the line is there
        how |= {"xytext": (6, -2), "ha": "left", "va": "top"}
    style.write(ax, f"so far {amount_of(row['used_GB'])}", (now, row["used_GB"] / per), **how)


def _fan(ax: Axes, row: pd.Series[Any], end: pd.Timestamp, per: float, unit: str) -> None:
    """Draw from here to the end of the month: the middle dashed, the interval as a wedge."""
    if pd.isna(row["expected_GB"]):
        return
    begin, close = style.day_number(row["as_of"]) + 1, style.day_number(end)
    used = row["used_GB"] / per
    if pd.notna(row["low_GB"]):
        ends = {name: row[f"{name}_GB"] / per for name in ("low", "high")}
        look: dict[str, Any] = {"color": style.INBOUND, "alpha": 0.18, "linewidth": 0}
        ax.fill_between([begin, close], [used, ends["low"]], [used, ends["high"]], **look)
    ax.plot([begin, close], [used, row["expected_GB"] / per], color=style.INBOUND, linewidth=1.8, linestyle=(0, (4, 2)))
    words = {"at most": row["high_GB"], "expected": row["expected_GB"], "at least": row["low_GB"]}
    known = sorted((float(amount) / per, word) for word, amount in words.items() if pd.notna(amount))
    height, (low, high) = style.size_pt(ax)[1] * 0.8, ax.get_ylim()
    least = -1.0
    for amount, word in known:
        least = max((amount - low) / (high - low), least + style.SMALL_PT * 1.4 / height)
        text = f"{word} {labels.traffic(amount * labels.UNITS_MB[unit], unit)}"
        how = {"xycoords": "axes fraction", "xytext": (6, 0), "textcoords": "offset points", "va": "center"}
        style.write(ax, text, (1, least), fontweight="bold" if word == "expected" else "normal", **how)


def _limit(ax: Axes, row: pd.Series[Any], per: float, unit: str) -> None:
    """Draw the quota, and on it the days on which it is used up: the one expected, and from when until when."""
    if pd.isna(row["quota_GB"]):
        return
    quota = row["quota_GB"] / per
    ax.axhline(quota, color=style.INK, linewidth=1.4)
    text = f"quota {labels.traffic(quota * labels.UNITS_MB[unit], unit)}"
    begin, close = ax.get_xlim()
    is_early = pd.notna(row["exceeded_on"]) and style.day_number(row["exceeded_on"]) < begin + 0.4 * (close - begin)
    name: dict[str, Any] = {"xytext": (-5, 4), "ha": "right"} if is_early else {"xytext": (5, 4)}
    at = (close if is_early else begin, quota)  # clear of the day on which it is used up
    style.write(ax, text, at, textcoords="offset points", fontweight="bold", **name)
    early, late = (row["exceeded_early"], row["exceeded_late"])
    if pd.notna(early):
        until = style.day_number(late) + 0.5 if pd.notna(late) else close
        ax.plot(
            [style.day_number(early) + 0.5, until],
            [quota, quota],
            color=style.RISE,
            linewidth=5,
            alpha=0.45,
            solid_capstyle="butt",
        )
    if pd.notna(row["exceeded_on"]):
        place = style.day_number(row["exceeded_on"]) + 0.5
        ax.plot(place, quota, "D", color=style.RISE, markersize=8, zorder=5)
        day = f"{row['exceeded_on'].day} {row['exceeded_on'].month_name()[:3]}"
        side = "right" if place > (begin + close) / 2 else "left"
        is_near = abs(place - style.day_number(row["as_of"])) < 6 and 0.8 < row["used_share"] <= 0.9
        lift = 9 + (style.SMALL_PT * 1.6 if is_near else 0.0)  # clear of what is written about today
        how = {"xytext": (-4 if side == "right" else 4, lift), "ha": side, "color": style.RISE, "fontweight": "bold"}
        style.write(ax, f"used up {day}", (place, quota), textcoords="offset points", **how)


def _fan_title(row: pd.Series[Any]) -> str:
    name = labels.drawable(str(row["group"]), 30) if isinstance(row["group"], str) else f"An unknown {row['scope']}"
    name = name if row["scope"] == "vm" or not isinstance(row["group"], str) else f"{row['scope'].capitalize()} {name}"
    of_quota = f"its {amount_of(row['quota_GB'])}".replace("\N{NO-BREAK SPACE}", " ")
    if pd.isna(row["quota_GB"]):
        return f"{name} has no known quota"
    if row["state"] == "exceeded":
        return (
            f"{name} has used up {of_quota} on {labels.day_name(row['exceeded_on'])}"
            if pd.notna(row["exceeded_on"])
            else f"{name} has used up {of_quota}"
        )
    if row["state"] == "expected" and pd.notna(row["exceeded_on"]):
        return f"{name} is expected to use up {of_quota} on {labels.day_name(row['exceeded_on'])}"
    ends = {"possible": f"may use up {of_quota} this month", "not_expected": f"will not use up {of_quota} this month"}
    return f"{name} {ends.get(row['state'], f'has used {labels.percent(row.used_share)} of {of_quota}')}"


def _fan_note(row: pd.Series[Any], path: pd.DataFrame | None) -> str:
    parts = [f"As of {labels.day_name(row['as_of'])}."]
    if pd.isna(row["expected_GB"]):
        return f"{parts[0]}\n{style.wrapped(labels.drawable(str(row['sentence']), 240), 110)}"
    if pd.notna(row["low_GB"]):
        parts.append("At least and at most: so it is in 8 months of 10.")
    if pd.notna(row["chance_over"]) and row["state"] != "exceeded":
        parts.append(f"Chance to go beyond: {labels.percent(row['chance_over'])}.")
    if path is not None and path["is_silent"].any():
        parts.append(f"Grey: {counted(int(path['is_silent'].sum()), 'day')} without any report.")
    return " ".join(parts)
