"""Pictures of quotas of traffic: how all of them stand, and how one is used up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.dates import date2num

from vmgen_analytics.errors import SchemaError
from vmgen_analytics.plots import labels, style
from vmgen_analytics.plots.mirrored import by_day
from vmgen_analytics.schema import MB_PER_GB, TABLES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

QUOTA_STATUS = TABLES["quota_status"]
DAILY_BANDWIDTH = TABLES["daily_bandwidth"]
NOTHING = "No quota to show: none is known, as the provider publishes no transfer policy. Write yours into a file."
FURTHEST = 1.6
"""Where the axis of the bars ends: one that goes beyond is cut, and its number tells how far."""
SAME_VMS = 0.01
"""A month-to-date that differs by more from that of the quota is of other VMs."""
DAY = pd.Timedelta(days=1)


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
        The picture; without rows it says what is missing.

    Raises
    ------
    SchemaError
        The frame is not the table.
    """
    QUOTA_STATUS.check(quotas)
    if quotas.empty:
        return style.nothing(ax or style.new_axes(), NOTHING)
    shown = quotas.sort_values("rank").head(top)
    ax = style.new_axes(1.6 + 0.42 * len(shown)) if ax is None else ax
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
        style.write(ax, f"{_amount(row.used_GB)} used; no quota known", (0, place), color=style.MUTED, **beside)
        return
    colour = style.RISE if row.state == "exceeded" else style.INBOUND
    ax.barh(place, min(row.used_share, FURTHEST), 0.5, color=colour, linewidth=0, zorder=2)
    reached = row.used_share
    if pd.notna(row.expected_GB):
        expected, ends = row.expected_GB / row.quota_GB, [row.low_GB / row.quota_GB, row.high_GB / row.quota_GB]
        if pd.notna(ends[0]):
            ax.plot(np.clip(ends, 0, FURTHEST), [place, place], color=style.INK, linewidth=1.3, zorder=4)
        if expected <= FURTHEST:
            ax.plot(expected, place, "D", color="white", markeredgecolor=style.INK, markersize=6, zorder=5)
        reached = np.nanmax([reached, expected, ends[1]])
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


def _amount(amount_GB: float) -> str:
    return labels.traffic(float(amount_GB) * MB_PER_GB)


def _stand(quotas: pd.DataFrame) -> str:
    exceeded, expected = (int((quotas["state"] == state).sum()) for state in ("exceeded", "expected"))
    of_all = f"Of {labels.counted(len(quotas), 'quota')}" if len(quotas) > 1 else "Of the quota"
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
        return style.nothing(ax or style.new_axes(), NOTHING)
    wanted = int(quotas["rank"].min()) if rank is None else rank
    if wanted not in quotas["rank"].array:
        raise SchemaError(f"no quota of rank {wanted}; there are {quotas['rank'].min()} to {quotas['rank'].max()}")
    row = quotas[quotas["rank"] == wanted].iloc[0]
    path = None if daily is None else _path(row, daily)
    ax = style.new_axes() if ax is None else ax
    highest = float(np.nanmax([row["used_GB"], row["quota_GB"], row["expected_GB"], row["high_GB"], 0.0]))
    unit = labels.traffic_unit(highest * MB_PER_GB)
    per = labels.UNITS_MB[unit] / MB_PER_GB
    begin, end = row["month"].start_time, (row["month"] + 1).start_time
    ax.set(xlim=(_number(begin), _number(end)), ylim=(0, 1.14 * highest / per or 1.0))
    _so_far(ax, row, path, per)
    _fan(ax, row, end, per, unit)
    _limit(ax, row, per, unit)
    style.day_axis(ax, pd.date_range(begin, end - DAY, unit="us"))
    style.number_axis(ax, "y")
    way = {"out": "sent", "in": "received", "max": "of the larger direction", "sum": "sent and received"}
    style.axis_label(ax, "y", f"{unit} {way.get(row['direction'], '')} since the first of the month")
    return style.dress(ax, _fan_title(row), note=_fan_note(row, path))


def _number(day: pd.Timestamp) -> float:
    return float(date2num(day))  # type: ignore[no-untyped-call]


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
            f"the days add up to {used.iloc[-1]:,.1f} GB, and the quota counts {row['used_GB']:,.1f} GB: they are of "
            "other VMs; take daily_bandwidth of the VMs that share the quota"
        )
    return pd.DataFrame({"used_GB": used, "is_silent": days["days_covered"] == 0})


def _so_far(ax: Axes, row: pd.Series[Any], path: pd.DataFrame | None, per: float) -> None:
    """Draw the way to what is used; days without a report are grey."""
    now = _number(row["as_of"] + DAY)
    if path is not None and len(path):
        edges = style.day_edges(pd.DatetimeIndex(path.index))
        ax.plot(edges, [0.0, *(path["used_GB"] / per)], color=style.INBOUND, linewidth=2.2)
        for first, last in style.runs(path["is_silent"].to_numpy()):
            ax.axvspan(edges[first], edges[last], color=style.RULE, linewidth=0, zorder=0.5)
        now = float(edges[-1])
    ax.plot(now, row["used_GB"] / per, "o", color=style.INBOUND, markersize=6)
    how = {
        "xytext": (-6, 6),
        "textcoords": "offset points",
        "ha": "right",
        "color": style.INBOUND,
        "fontweight": "bold",
    }
    if now < ax.get_xlim()[0] + 5:
        how |= {"xytext": (6, -2), "ha": "left", "va": "top"}
    style.write(ax, f"so far {_amount(row['used_GB'])}", (now, row["used_GB"] / per), **how)


def _fan(ax: Axes, row: pd.Series[Any], end: pd.Timestamp, per: float, unit: str) -> None:
    """Draw from here to the end of the month: the middle dashed, the interval as a wedge."""
    if pd.isna(row["expected_GB"]):
        return
    begin, close = _number(row["as_of"]) + 1, _number(end)
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
    style.write(ax, text, (ax.get_xlim()[0], quota), xytext=(5, 4), textcoords="offset points", fontweight="bold")
    begin, close = ax.get_xlim()
    early, late = (row["exceeded_early"], row["exceeded_late"])
    if pd.notna(early):
        until = _number(late) + 0.5 if pd.notna(late) else close
        ax.plot(
            [_number(early) + 0.5, until],
            [quota, quota],
            color=style.RISE,
            linewidth=5,
            alpha=0.45,
            solid_capstyle="butt",
        )
    if pd.notna(row["exceeded_on"]):
        place = _number(row["exceeded_on"]) + 0.5
        ax.plot(place, quota, "D", color=style.RISE, markersize=8, zorder=5)
        name = f"{row['exceeded_on'].day} {row['exceeded_on'].month_name()[:3]}"
        side = "right" if place > (begin + close) / 2 else "left"
        how = {"xytext": (-4 if side == "right" else 4, 9), "ha": side, "color": style.RISE, "fontweight": "bold"}
        style.write(ax, f"used up {name}", (place, quota), textcoords="offset points", **how)


def _fan_title(row: pd.Series[Any]) -> str:
    name = labels.drawable(str(row["group"]), 30) if isinstance(row["group"], str) else f"An unknown {row['scope']}"
    name = name if row["scope"] == "vm" or not isinstance(row["group"], str) else f"{row['scope'].capitalize()} {name}"
    of_quota = f"its {_amount(row['quota_GB'])}".replace("\N{NO-BREAK SPACE}", " ")
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
        parts.append(f"Grey: {labels.counted(int(path['is_silent'].sum()), 'day')} without any report.")
    return " ".join(parts)
