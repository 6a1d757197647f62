"""Stacks: a table's groups as layers, each named at the right edge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from vmgen_analytics.plots import labels, style

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.typing import ColorType

LEAST = 5e-7
"""Half a millionth: money is kept in whole millionths, so that less is a float's error."""
NO_KEY = "\0none"


@dataclass(frozen=True)
class Band:
    """One layer of a stack: its name, its colour and its height in each column."""

    name: str
    colour: ColorType
    heights: np.ndarray[Any, np.dtype[np.float64]]


def bands(table: pd.DataFrame, time: str, columns: pd.Index[Any], measure: str, top: int) -> list[Band]:
    """Cut a table into the layers of a stack.

    Parameters
    ----------
    table
        Any table with one group.
    time, columns
        The column that tells when, and all its values from left to right.
    measure
        The column that is stacked; what is missing has no height.
    top
        So many groups by name.

    Returns
    -------
    list of Band
        From below: the largest first, then the others in one, then what is unknown and what is nobody's.
    """
    names, keys = labels.names(table), labels.keyed(table)
    wide = table.assign(_key=keys.where(keys.notna(), NO_KEY)).pivot_table(
        index=time, columns="_key", values=measure, aggfunc="sum"
    )
    wide = wide.reindex(columns).fillna(0.0)
    heights: dict[Hashable, Any] = {None if key == NO_KEY else key: wide[key].to_numpy(dtype=float) for key in wide}
    greys = {key: colour for key in heights if (colour := style.special_colour(key, names[key]))}
    ranked = sorted((key for key in heights if key not in greys), key=lambda key: (-abs(heights[key].sum()), str(key)))
    cut = top if len(ranked) > top + 1 else len(ranked)
    hue = style.colours(ranked[:cut])
    layers = [Band(names[key], hue[key], heights[key]) for key in ranked[:cut]]
    if rest := ranked[cut:]:
        layers.append(Band(labels.others(len(rest)), style.OTHER, np.sum([heights[key] for key in rest], axis=0)))
    return layers + [Band(names[key], colour, heights[key]) for key, colour in greys.items()]


def name_bands(ax: Axes, layers: Sequence[Band], edge: float) -> None:
    """Name the layers of a stack beside its last column, which ends at ``edge``; negative ones hang below the line."""
    up, down = 0.0, 0.0
    named: list[tuple[str, ColorType, float | None]] = []
    for layer in layers:
        height = float(layer.heights[-1])
        middle = (up if height >= 0 else down) + height / 2
        up, down = up + max(height, 0), down + min(height, 0)
        named.append((layer.name, layer.colour, None if abs(height) < LEAST else middle))
    side_labels(ax, named, edge)


def side_labels(ax: Axes, bands: Sequence[tuple[str, ColorType, float | None]], edge: float) -> None:
    """Name the bands of a stack at its right edge, in the order of the stack from below, without collisions.

    Parameters
    ----------
    ax
        Axes whose limits are final.
    bands
        Name, colour and height of the middle of the band in the last column; None where it has none there.
    edge
        Where the last column ends.
    """
    low, high = ax.get_ylim()
    width_pt, height_pt = style.size_pt(ax)
    step = style.TEXT_PT * 1.5 / height_pt
    if step * len(bands) > 1.1:
        _legend(ax, bands)
        return
    wanted = [(middle - low) / (high - low) if middle is not None else None for _, _, middle in bands]
    left, right = ax.get_xlim()
    for (name, colour, _), start, height in zip(bands, wanted, spread(wanted, step), strict=True):
        if start is not None:
            ends = ([(edge - left) / (right - left), 1 + 14 / width_pt], [start, height])
            ax.add_artist(Line2D(*ends, transform=ax.transAxes, clip_on=False, color=colour, linewidth=1.2))
        place: dict[str, Any] = {"xycoords": "axes fraction", "textcoords": "offset points"}
        place |= {"annotation_clip": False, "va": "center", "ha": "left"}
        style.write(ax, "■", (1, height), xytext=(14, 0), color=colour, **place)
        style.write(ax, labels.drawable(name), (1, height), xytext=(25, 0), fontsize=style.TEXT_PT, **place)


def spread(wanted: Sequence[float | None], step: float) -> list[float]:
    """Place labels as near as can be to where they are wanted, in order, at least a step apart.

    Parameters
    ----------
    wanted
        Places from below, between 0 and 1; None for a label that belongs right above the one before it.
    step
        Least distance.

    Returns
    -------
    list of float
        As many places, rising.
    """
    placed: list[float] = []
    for place in wanted:
        least = placed[-1] + step if placed else step / 2
        placed.append(least if place is None else max(place, least))
    ceiling = max(1 - step / 2, step * (len(placed) - 0.5))
    for index in range(len(placed) - 1, -1, -1):
        placed[index] = min(placed[index], ceiling)
        ceiling = placed[index] - step
    return placed


def _legend(ax: Axes, bands: Sequence[tuple[str, ColorType, float | None]]) -> None:
    legend = ax.legend(
        handles=[Patch(facecolor=colour) for _, colour, _ in reversed(bands)],
        labels=["?"] * len(bands),  # put in below: the legend drops names that begin with "_"
        loc="upper left",
        bbox_to_anchor=(1.01, 1.0),
        frameon=False,
        fontsize=style.SMALL_PT,
    )
    for text, (name, _, _) in zip(legend.get_texts(), reversed(bands), strict=True):
        text.set(text=labels.drawable(name), color=style.INK, **style.plain())
