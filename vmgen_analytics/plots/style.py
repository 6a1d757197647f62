"""How every picture looks: colours, sizes and axes, in one place; no global setting of matplotlib is touched."""

from __future__ import annotations

import textwrap
import zlib
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.dates import date2num
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch
from matplotlib.ticker import FuncFormatter

from vmgen_analytics.plots import labels
from vmgen_analytics.plots.labels import MINUS, NOWHERE, drawable, fonts
from vmgen_analytics.schema import UNASSIGNED

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    from matplotlib.axes import Axes
    from matplotlib.typing import ColorType

INK, MUTED, RULE = "#1a1a1a", "#5c5c5c", "#e2e2e2"
PALETTE: Sequence[ColorType] = tuple(
    colour for colour in map(to_hex, mpl.color_sequences["petroff10"]) if colour not in ("#94a4a2", "#717581")
)
"""Eight colours that stay apart for colour-blind eyes (Petroff, 2021), without the two greys, which are ours."""

OTHER, UNKNOWN, UNALLOCATED, NOBODYS = "#a0a0a0", "#c8c8c8", "#5a5a5a", "#7d7d7d"
"""Greys, for what is no group: the long tail, what is not known, what no VM got, what no cost centre pays."""
RISE, FALL = "#a83232", "#8cc1e0"
INBOUND, OUTBOUND = "#0072b2", "#d55e00"
SENT_TEXT = "#b85000"
"""What is sent, in letters: darker than in areas, so that it can be read on white."""
OPEN_ALPHA = 0.5
HATCH = "////"

LONGEST_REST = 2.5
"""So many times the longest named bar can be that of the others; a longer one would dwarf the rest."""
NO_BAR = "The others have no bar: it would dwarf the rest."

WIDTH_IN, HEIGHT_IN = 9.0, 4.5
TEXT_PT, SMALL_PT, TITLE_PT = 9.5, 8.5, 12.0
POINTS_PER_INCH = 72.0
NOTE_LETTERS = 112
"""So many letters of small print are as wide as a picture."""


def new_axes(height_in: float = HEIGHT_IN) -> Axes:
    """Make the axes of a new figure, outside pyplot, so that nothing is shown twice or kept in memory."""
    figure = Figure(figsize=(WIDTH_IN, height_in), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)  # with one renderer from layout to file, each text is measured once
    return figure.subplots()


def place(ax: Axes | None, height_in: float = HEIGHT_IN) -> Axes:
    """Give the axes to draw on: those of the caller, or those of a new figure."""
    return new_axes(height_in) if ax is None else ax


def size_pt(ax: Axes) -> tuple[float, float]:
    """Width and height of axes in points, before the layout makes room for what stands beside them."""
    return ax.bbox.width / ax.figure.dpi * POINTS_PER_INCH, ax.bbox.height / ax.figure.dpi * POINTS_PER_INCH


def colours(keys: Iterable[Hashable]) -> dict[Hashable, ColorType]:
    """Give each key its colour: the same in every picture, whatever its rank.

    Where two keys of one picture want the same colour, the lower one gets it and the other takes the next free one.
    """
    wanted = {key: _slot(key) for key in sorted(set(keys), key=lambda key: (len(str(key)), str(key)))}
    slots: dict[Hashable, int] = {}
    for key, slot in wanted.items():
        if slot not in slots.values():
            slots[key] = slot
    for key, slot in wanted.items():
        if key not in slots:
            free = [each for each in _from(slot) if each not in slots.values()]
            slots[key] = (free or [slot])[0]
    return {key: PALETTE[slot] for key, slot in slots.items()}


def _slot(key: Hashable) -> int:
    key = key[-1] if isinstance(key, tuple) else key
    number = key if isinstance(key, int | np.integer) else zlib.crc32(str(key).encode())
    return int(number) % len(PALETTE)


def _from(slot: int) -> list[int]:
    return [(slot + step) % len(PALETTE) for step in range(len(PALETTE))]


def special_colour(key: Hashable, name: str) -> ColorType | None:
    """Give the grey of a group that is none, as what is unallocated or unknown; None for any other group."""
    if key is None:
        return UNALLOCATED if name == NOWHERE else UNKNOWN
    greys = {NOWHERE: UNALLOCATED, "unknown": UNKNOWN, UNASSIGNED: NOBODYS}
    return greys.get(key) if isinstance(key, str) else None


def write(ax: Axes, text: str, at: tuple[float, float], **how: Any) -> None:
    """Write a text that stands for itself: a name with ``$`` in it is no formula."""
    ax.annotate(text, at, **{"color": INK, "fontsize": SMALL_PT, **plain(), **how})


def plain() -> dict[str, Any]:
    """Properties of a text that is a name: its fonts, and no formulas in it."""
    return {"fontfamily": fonts(), "parse_math": False, "usetex": False}


def dress(ax: Axes, title: str, *, note: str = "", grid: str = "y", indent_pt: float = 0.0) -> Axes:
    """Give axes their title, a line of small print under it, light rules and quiet edges.

    The label of the axes becomes the picture's text for those who cannot see it: see `alt_text`.
    """
    lines = textwrap.fill(title, max(int((size_pt(ax)[0] * 1.1 - indent_pt) / (TITLE_PT * 0.65)), 24))
    pad = 8.0 + (SMALL_PT * 1.45 * (1 + note.count("\n")) if note else 0)
    ax.set_title(lines, loc="left", y=1.0, fontsize=TITLE_PT, fontweight="bold", color=INK, pad=pad, **plain())
    if note:
        write(ax, note, (0, 1), xycoords="axes fraction", xytext=(0, 5), textcoords="offset points", color=MUTED)
    ax.set_facecolor("white")
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(MUTED)
    ax.tick_params(colors=MUTED, labelcolor=INK, labelsize=SMALL_PT, labelfontfamily=fonts())
    ax.grid(visible=False)
    ax.grid(visible=True, axis="y" if grid == "y" else "x", color=RULE, linewidth=0.8)
    ax.set_axisbelow(True)
    ax.set_label(". ".join(part for part in (title.rstrip("."), note.replace("\n", " ")) if part))
    return ax


def dress_small(small: Axes) -> None:
    """Give a small chart inside a picture light rules and quiet edges."""
    small.spines[["top", "right"]].set_visible(False)
    small.spines[["left", "bottom"]].set_color(MUTED)
    small.tick_params(colors=MUTED, labelcolor=INK, labelsize=SMALL_PT - 1)
    small.grid(visible=True, axis="y", color=RULE, linewidth=0.7)
    small.set_axisbelow(True)
    number_axis(small, "y")


def axis_label(ax: Axes, axis: str, text: str) -> None:
    """Label an axis with what it measures and its unit."""
    (ax.set_xlabel if axis == "x" else ax.set_ylabel)(text, fontsize=SMALL_PT, color=MUTED, **plain())


def number_axis(ax: Axes, axis: str, printed: Callable[[float], str] | None = None) -> None:
    """Print the numbers of an axis with thousands separators, or as ``printed`` says."""
    show = printed or (lambda value: f"{value:,.10g}".replace("-", MINUS))
    getattr(ax, f"{axis}axis").set_major_formatter(FuncFormatter(lambda value, _: show(value)))


def bar_names(ax: Axes, names: Sequence[str]) -> float:
    """Name horizontal bars, the first on top, and return about how many points of room the names take."""
    shown = [drawable(name, 34) for name in names]
    ax.set_yticks(range(len(names)), shown, fontsize=TEXT_PT, **plain())
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.spines["left"].set_visible(False)
    return max(map(len, shown)) * TEXT_PT * 0.55


def small_print(parts: Iterable[str]) -> str:
    """Put sentences together under a title, as wide as a picture."""
    return wrapped(" ".join(filter(None, parts)), NOTE_LETTERS)


def wrapped(text: str, width: int) -> str:
    """Break a sentence into lines."""
    return textwrap.fill(text, width)


def nothing(ax: Axes | None, sentence: str) -> Axes:
    """Say on empty axes what is missing, instead of an empty frame."""
    ax = place(ax)
    ax.set_axis_off()
    ax.set_label(sentence)
    text = textwrap.fill(sentence, 60)
    write(ax, text, (0.5, 0.5), xycoords="axes fraction", ha="center", va="center", fontsize=TITLE_PT, color=MUTED)
    return ax


def runs(flags: np.ndarray[Any, Any]) -> list[tuple[int, int]]:
    """Find the runs of true values: where each begins, and where it has ended."""
    turns = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(int), [0]])))
    return [(int(first), int(last)) for first, last in zip(turns[::2], turns[1::2], strict=True)]


def steps(ax: Axes, heights: np.ndarray[Any, Any], edges: np.ndarray[Any, Any], **look: Any) -> StepPatch:
    """Draw a value a day as steps, which are gaps where it is missing; the limits of the axes are the caller's.

    ``Axes.stairs`` looks for the limits in every step, which takes longer than to draw them all.
    """
    patch = StepPatch(heights, edges, **{"fill": True, "linewidth": 0.0, **look})
    ax.add_artist(patch)
    return patch


def month_axis(ax: Axes, months: pd.PeriodIndex, open_month: pd.Period | None = None) -> None:
    """Name the months of an axis, counted from 0: as many as stay apart, the newest among them."""
    every = -(-len(months) // 14)
    shown = range((len(months) - 1) % every, len(months), every)
    texts = []
    for place, index in enumerate(shown):
        month = months[index]
        text = labels.month_name(month)[:3]
        text += f"\n{month.year}" if place == 0 or month.month <= every else ""
        texts.append(f"{text}\nso far" if month == open_month else text)
    ax.set_xticks(list(shown), texts)


def name_halves(ax: Axes, above: tuple[str, ColorType], below: tuple[str, ColorType]) -> None:
    """Write beside the axes what stands above the line and below it; the limits are final by then."""
    low, high = ax.get_ylim()
    zero = -low / (high - low)
    beside = {"xycoords": "axes fraction", "xytext": (6, 0), "textcoords": "offset points"}
    for (text, colour), height in ((above, (1 + zero) / 2), (below, zero / 2)):
        write(ax, text, (1, height), color=colour, va="center", fontweight="bold", **beside)


def day_number(day: pd.Timestamp) -> float:
    """Where on a date axis a day begins."""
    return float(date2num(day))  # type: ignore[no-untyped-call]


def grey(ax: Axes, flags: np.ndarray[Any, Any], edges: np.ndarray[Any, Any]) -> None:
    """Shade the columns of which nothing is known, given where each begins and the last one ends."""
    for first, last in runs(flags):
        ax.axvspan(edges[first], edges[last], color=RULE, linewidth=0, zorder=0.5)


def expected(ax: Axes, place: int, middle: float, low: float, high: float, most: float) -> None:
    """Mark what is expected on a horizontal bar: a diamond, and a line for its interval; none beyond ``most``."""
    if not np.isnan(low):
        ax.plot(np.clip([low, high], 0, most), [place, place], color=INK, linewidth=1.3, zorder=4)
    if middle <= most:
        ax.plot(middle, place, "D", color="white", markeredgecolor=INK, markersize=6, zorder=5)


def day_edges(days: pd.DatetimeIndex) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Where on a date axis each day begins, and the last one ends."""
    edges: np.ndarray[Any, Any] = date2num([*days, days[-1] + pd.Timedelta(days=1)])  # type: ignore[no-untyped-call]
    return edges


def day_axis(ax: Axes, days: pd.DatetimeIndex) -> None:
    """Date an axis of days: every day of a short period, otherwise as few dates as stay apart."""
    if len(days) <= 8:
        middles = day_edges(days)[:-1] + 0.5
        ax.set_xticks(middles, [f"{day.day}\n{labels.month_name(day.to_period('M'))[:3]} {day.year}" for day in days])
        return
    if len(days) <= 75:
        every = 7 if len(days) <= 56 else 14
        shown = days[::every]
        texts = [f"{day.day} {labels.month_name(day.to_period('M'))[:3]}" for day in shown]
    else:
        firsts = days[days.day == 1]
        shown = firsts[:: -(-len(firsts) // 13)]
        texts = [labels.month_name(day.to_period("M"))[:3] for day in shown]
    years = shown.year.to_series().diff().ne(0)
    ax.set_xticks(
        day_edges(shown)[:-1],
        [f"{text}\n{day.year}" if new else text for text, day, new in zip(texts, shown, years, strict=True)],
    )
