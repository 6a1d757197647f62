"""Pictures of unusual traffic: when it was, what coincides with it, and which VMs make it up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from vmgen_analytics.errors import SchemaError
from vmgen_analytics.plots import labels, style
from vmgen_analytics.plots.mirrored import HALVES, Mirrored, mirrored
from vmgen_analytics.schema import MB_PER_GB, TABLES, machine_key
from vmgen_analytics.wording import counted

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from matplotlib.axes import Axes

BANDWIDTH_ANOMALIES = TABLES["bandwidth_anomalies"]
ANOMALY_CONTRIBUTIONS = TABLES["anomaly_contributions"]
DAILY_BANDWIDTH = TABLES["daily_bandwidth"]
MARK = "#a83232"
NOTHING_ELSE = "nothing else that is known"
"""As the table has it."""
LINE_LETTERS = 118
TAG_PT, LINE_PT = 15.0, 12.5
DAY = pd.Timedelta(days=1)


def bandwidth_anomalies(anomalies: pd.DataFrame, *, daily: pd.DataFrame, top: int = 6, ax: Axes | None = None) -> Axes:
    """Draw traffic day by day, mark what is unusual in it, and say below what coincides with each.

    Nobody says that what coincides is the cause.

    Parameters
    ----------
    anomalies
        Table ``bandwidth_anomalies``; those of these days are marked with their number in it.
    daily
        Table ``daily_bandwidth`` of the same VMs and days; its groups, if any, are drawn as one.
    top
        So many are marked, the worst; the others are counted. Notes are marked only where nothing is worse.
    ax
        Where to draw; by default on a new figure.

    Returns
    -------
    Axes
        The picture; without traffic it says what is missing.

    Raises
    ------
    SchemaError
        A frame is not its table.
    """
    BANDWIDTH_ANOMALIES.check(anomalies)
    DAILY_BANDWIDTH.check(daily)
    if daily.empty or not daily["days_covered"].any():
        return style.nothing(ax, "No traffic to look at: no VM has reported any in this period.")
    inside = anomalies[(anomalies["last_day"] >= daily["date"].min()) & (anomalies["first_day"] <= daily["date"].max())]
    worse = inside[inside["severity"] != "note"]
    told = inside if worse.empty else worse
    shown = told.sort_values("anomaly").head(top)
    marked: list[Any] = list(shown.itertuples())
    lines = [line for row in marked for line in _told(row)]
    ax = style.place(ax, 4.1 + len(lines) * LINE_PT / style.POINTS_PER_INCH)
    drawn = mirrored(ax, daily)
    _mark(ax, marked, drawn, len(lines))
    style.name_halves(ax, *HALVES)
    _say_below(ax, lines)
    return style.dress(ax, _title(inside, worse, drawn), note=_anomalies_note(drawn, inside, worse, shown))


def _mark(ax: Axes, marked: Sequence[Any], drawn: Mirrored, lines: int) -> None:
    """Shade the days of each, and hang the numbers from the top so that none hides another or the traffic."""
    first_day, last_day = drawn.days.index[0], drawn.days.index[-1] + DAY
    width_pt, height_pt = style.size_pt(ax)
    near = (last_day - first_day).days * 30 / width_pt
    taken: list[tuple[float, int]] = []
    for row in marked:
        begin, end = (
            style.day_number(day) for day in (max(row.first_day, first_day), min(row.last_day + DAY, last_day))
        )
        ax.axvspan(begin, end, color=MARK, alpha=0.13, linewidth=0, zorder=0.6)
        for edge in (begin, end):
            ax.axvline(edge, color=MARK, linewidth=0.5, alpha=0.7, zorder=0.7)
        middle = (begin + end) / 2
        levels = [level for place, level in taken if abs(place - middle) < near]
        level = next(each for each in range(len(levels) + 1) if each not in levels)
        taken.append((middle, level))
        box = {"boxstyle": "round,pad=0.22", "facecolor": "white", "edgecolor": MARK, "linewidth": 0.9}
        how = {"ha": "center", "va": "center", "color": MARK, "fontweight": "bold", "bbox": box}
        at = {
            "xycoords": ("data", "axes fraction"),
            "xytext": (0, -(level + 0.6) * TAG_PT),
            "fontsize": style.SMALL_PT - 1,
        }
        style.write(ax, f"{_arrow(row)}{row.anomaly}", (middle, 1), textcoords="offset points", **at, **how)
    low, high = ax.get_ylim()
    rows = max((level for _, level in taken), default=-1) + 1
    room = min(rows * TAG_PT / max(height_pt - lines * LINE_PT - 70, 60), 0.6)
    ax.set_ylim(low, low + (high - low) / (1 - room))


def _arrow(row: Any) -> str:
    return "▼" if row.kind == "drop" else "▲"


def _say_below(ax: Axes, lines: Sequence[str]) -> None:
    """List what was marked, a line or two each, under the dates."""
    below = {"xycoords": "axes fraction", "textcoords": "offset points", "va": "top", "annotation_clip": False}
    if lines:
        style.write(ax, "\n".join(lines), (0, 0), xytext=(0, -34), linespacing=1.35, **below)


def _told(row: Any) -> list[str]:
    """Say who, when, how much, and what coincides."""
    amount = f"{labels.money(row.impact_GB, decimals=1, signed=True)} GB against {row.expected_GB:,.1f} GB expected"
    head = f"{_arrow(row)}{row.anomaly}  {_days(row)}: {_who(row)}, {amount}"
    coincides = row.coincides_with if isinstance(row.coincides_with, str) else NOTHING_ELSE
    known = (
        f"Coincides with {labels.drawable(coincides, 150)}."
        if coincides != NOTHING_ELSE
        else "Nothing known coincides."
    )
    text = f"{head}. {known}"
    first, *rest = style.wrapped(text, LINE_LETTERS).split("\n")
    return [first, *(f"      {line}" for line in rest)]


def _who(row: Any) -> str:
    way = {"in": "received", "out": "sent", "both": "received and sent"}.get(row.direction, row.direction)
    if not isinstance(row.group, str):
        return f"{counted(row.vms, 'VM')}, {way}"
    name = labels.drawable(row.group)
    return f"{name}, {way}" if row.scope == "vm" else f"{row.scope} {name} ({counted(row.vms, 'VM')}), {way}"


def _days(row: Any) -> str:
    first, last = row.first_day, row.last_day
    end = f"{last.day} {last.month_name()[:3]}"
    return end if first == last else f"{first.day} {first.month_name()[:3]} to {end}"


def _title(inside: pd.DataFrame, worse: pd.DataFrame, drawn: Mirrored) -> str:
    first, last = (labels.day_name(drawn.days.index[place]) for place in (0, -1))
    when = f"from {first} to {last}" if first != last else f"on {first}"
    if inside.empty:
        return f"Nothing unusual was found {when}"
    if worse.empty:
        return f"Nothing worse than {counted(len(inside), 'note')} was found {when}"
    thing = "anomaly" if len(worse) == 1 else "anomalies"
    worst = worse.sort_values("anomaly")["first_day"].iloc[0]
    return f"{len(worse):,} {thing}{', the worst' if len(worse) > 1 else ''} from {labels.day_name(worst)}"


def _anomalies_note(drawn: Mirrored, inside: pd.DataFrame, worse: pd.DataFrame, shown: pd.DataFrame) -> str:
    told = len(worse) or len(inside)
    parts = [drawn.note]
    if len(shown) < told:
        parts.append(f"Marked: the {len(shown)} worst of {told:,}.")
    if len(worse) and len(inside) > len(worse):
        parts.append(f"{counted(len(inside) - len(worse), 'note')} of less weight not marked.")
    return style.small_print(parts)


def anomaly_contributions(
    contributions: pd.DataFrame, *, anomaly: int | None = None, top: int = 10, ax: Axes | None = None
) -> Axes:
    """Draw the part of each VM in an anomaly, the largest first; those that explain it are solid.

    Parameters
    ----------
    contributions
        Table ``anomaly_contributions``.
    anomaly
        Number of the one to draw; by default the first of the table.
    top
        So many VMs by name; the others are summed in one bar for each way.
    ax
        Where to draw; by default on a new figure.

    Returns
    -------
    Axes
        A bar for each VM; without rows the sentence that nothing unusual was found.

    Raises
    ------
    SchemaError
        The frame is not the table, or has no such anomaly.
    """
    ANOMALY_CONTRIBUTIONS.check(contributions)
    if contributions.empty:
        return style.nothing(ax, "No contributions to show: nothing unusual was found.")
    wanted = int(contributions["anomaly"].min()) if anomaly is None else anomaly
    rows = contributions[contributions["anomaly"] == wanted]
    if rows.empty:
        known = ", ".join(map(str, contributions["anomaly"].unique()[:12]))
        raise SchemaError(f"no contributions to anomaly {wanted}; there are those to {known}")
    bars = _parts(rows, top)
    ax = style.place(ax, 1.5 + 0.34 * len(bars))
    unit = labels.traffic_unit(bars["contribution_GB"].abs().max() * MB_PER_GB)
    lengths = bars["contribution_GB"] * MB_PER_GB / labels.UNITS_MB[unit]
    drawn = ax.barh(range(len(bars)), lengths, 0.7, color=bars["colour"])
    for bar, row in zip(drawn, bars.itertuples(), strict=True):
        bar.set(alpha=1.0 if row.is_main or row.is_rest else style.OPEN_ALPHA)
    for place, (length, row) in enumerate(zip(lengths, bars.itertuples(), strict=True)):
        _part(ax, place, length, row, unit)
    ax.axvline(0, color=style.INK, linewidth=0.9)
    _room(ax, lengths)
    indent_pt = style.bar_names(ax, list(bars["name"]))
    style.axis_label(ax, "x", f"{unit} against what was expected")
    style.number_axis(ax, "x")
    note = _contributions_note(bars)
    return style.dress(ax, _makes_up(rows, bars, wanted), note=note, grid="x", indent_pt=indent_pt)


def _parts(rows: pd.DataFrame, top: int) -> pd.DataFrame:
    """Name, colour and amount of each bar: the largest first, then those left over, upwards and downwards apart."""
    of_vms = rows[[*machine_key(rows), "vm_name"]]  # its package and location are no groups here
    names, keys = labels.names(of_vms), labels.keyed(of_vms)
    order = rows["contribution_GB"].abs().sort_values(ascending=False, kind="stable").index
    columns = ["contribution_GB", "share", "is_main"]
    named = rows.loc[order, columns].assign(
        key=keys.loc[order], name=[names[key] for key in keys.loc[order]], is_rest=False, vms=1
    )
    rest = named.iloc[top if len(named) > top + 2 else len(named) :]
    named = named.iloc[: len(named) - len(rest)]
    hue: dict[Hashable, Any] = {**style.colours(list(named["key"]))}
    named = named.assign(colour=[hue[key] for key in named["key"]])
    sums = [_summed(part, way) for way, part in _ways(rest) if len(part)]
    return pd.concat([named, *sums], ignore_index=True)


def _ways(rest: pd.DataFrame) -> Sequence[tuple[str, pd.DataFrame]]:
    return [("more", rest[rest["contribution_GB"] >= 0]), ("less", rest[rest["contribution_GB"] < 0])]


def _summed(part: pd.DataFrame, way: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "contribution_GB": [part["contribution_GB"].sum()],
            "share": [part["share"].sum()],
            "is_main": [False],
            "name": [f"{labels.others(len(part))} with {way}"],
            "is_rest": [True],
            "vms": [len(part)],
            "colour": [style.OTHER],
        }
    )


def _part(ax: Axes, place: int, length: float, row: Any, unit: str) -> None:
    amount = row.contribution_GB * MB_PER_GB
    sign = "+" if amount >= 0 else labels.MINUS
    share = f"  ({labels.percent(row.share)} of the {'rise' if amount >= 0 else 'fall'})" if row.share < 1 else ""
    text = f"{sign}{labels.traffic(abs(amount), unit)}{share}"
    side = {"ha": "left", "xytext": (4, 0)} if length >= 0 else {"ha": "right", "xytext": (-4, 0)}
    style.write(ax, text, (length, place), textcoords="offset points", va="center", **side)


def _room(ax: Axes, lengths: pd.Series[float]) -> None:
    """Widen the axis for the numbers beside the bars: these want about a third of it on each side that has bars."""
    low, high = min(0.0, float(lengths.min())), max(0.0, float(lengths.max()))
    room = 0.42 * ((high - low) or 1.0)
    ax.set_xlim(low - (room if low < 0 else 0), high + (room if high > 0 or low == 0 else 0))


def _makes_up(rows: pd.DataFrame, bars: pd.DataFrame, anomaly: int) -> str:
    first = bars.iloc[0]
    name = labels.drawable(first["name"], 24)
    if len(rows) == 1:
        return f"Anomaly {anomaly} is {name} alone"
    way = "rise" if first["contribution_GB"] >= 0 else "fall"
    return f"{name} makes up {labels.percent(first['share'])} of the {way} of anomaly {anomaly}"


def _contributions_note(bars: pd.DataFrame) -> str:
    if int(bars["vms"].sum()) == 1:
        return "What it moved more, or less, than was expected of it."
    return "Solid: the VMs that make up four fifths of their way. Rises and falls are shared out apart."
