"""The picture of what is on offer: what each package costs against its size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.ticker import FixedLocator, NullLocator

from vmgen_analytics.errors import SchemaError
from vmgen_analytics.plots import labels, style
from vmgen_analytics.schema import TABLES
from vmgen_analytics.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

PACKAGE_CATALOGUE = TABLES["package_catalogue"]
SIZES = {"vcpus": "vCPUs", "ram_GB": "GB of RAM", "disk_GB": "GB of disk"}
WIDE = 12.0
"""From the smallest to the largest by so much, and the axis is logarithmic."""
GOOD, BEATEN, GONE = "good", "beaten", "gone"
LETTER, LINE = 0.58, 1.35
"""Width and height of a letter, in parts of its size."""


def package_catalogue(
    catalogue: pd.DataFrame, *, measure: str = "ram_GB", currency: str = "", ax: Axes | None = None
) -> Axes:
    """Draw each package by its size and its price; a line leads through those that no other one beats.

    A package is beaten where another one on offer gives no less of anything for no more, at the same place or, if that
    is said to be elsewhere, at another one. Packages of the same name, size and price are one dot.

    Parameters
    ----------
    catalogue
        Table ``package_catalogue``; those without a price or a size are counted, not drawn.
    measure
        vcpus, ram_GB or disk_GB.
    currency
        Printed beside the prices; nothing is converted.
    ax
        Where to draw; by default on a new figure.

    Returns
    -------
    Axes
        The picture; without prices it says what is missing.

    Raises
    ------
    SchemaError
        The frame is not the table, or there is no such measure.
    """
    PACKAGE_CATALOGUE.check(catalogue)
    if measure not in SIZES:
        raise SchemaError(f"packages have no measure {measure!r}; they have {', '.join(SIZES)}")
    if catalogue.empty:
        return style.nothing(ax, "No packages to show: no sync has seen any.")
    priced = catalogue.dropna(subset=["monthly_price", measure])
    priced = priced[priced[measure] > 0]
    if priced.empty:
        return style.nothing(ax, "No prices to show: they stand in a price book, and none is named.")
    dots = _dots(priced, measure)
    ax = style.place(ax, 5.2)
    for state, look in _looks().items():
        mine = dots[dots["state"] == state]
        ax.scatter(mine["size"], mine["price"], **look)
    _axis(ax, "x", dots["size"])
    _axis(ax, "y", dots["price"])
    _frontier(ax, dots)
    unnamed = _name(ax, dots)
    style.axis_label(ax, "x", SIZES[measure])
    style.axis_label(ax, "y", labels.measured("price a month", currency))
    note = _note(dots, len(catalogue) - len(priced), unnamed)
    style.dress(ax, _title(catalogue), note=note)
    ax.grid(visible=True, axis="both", color=style.RULE, linewidth=0.8)
    return ax


def _looks() -> dict[str, dict[str, Any]]:
    """Form and colour of each state: no two differ by colour only."""
    return {
        GONE: {"marker": "x", "s": 30, "color": style.OTHER, "zorder": 2},
        BEATEN: {"marker": "o", "s": 46, "facecolor": "white", "edgecolor": style.RISE, "linewidth": 1.4, "zorder": 3},
        GOOD: {"marker": "o", "s": 52, "facecolor": style.INBOUND, "edgecolor": "white", "zorder": 4},
    }


def _dots(priced: pd.DataFrame, measure: str) -> pd.DataFrame:
    """One row a dot: what it is called, its state, what beats it, and in how many places it is offered."""
    beaten = priced["dominated_by"].fillna(priced["dominated_elsewhere"])
    state = np.where(~priced["is_offered"], GONE, np.where(beaten.notna(), BEATEN, GOOD))
    rows = pd.DataFrame(
        {"package": priced["package"], "size": priced[measure], "price": priced["monthly_price"], "state": state}
    ).assign(location=priced["location"], number=priced["location_id"])
    grouped = rows.groupby(["package", "size", "price", "state"], as_index=False, sort=False)
    dots = grouped.agg(places=("number", "nunique"), location=("location", "first"))
    of_package = rows.groupby("package")["number"].nunique()
    is_partial = dots["places"] < dots["package"].map(of_package)
    place = dots["location"].fillna("an unknown location").where(dots["places"] == 1)
    where = place.fillna(dots["places"].astype("str") + " locations")
    dots["name"] = [
        labels.drawable(f"{package} ({at})" if partial else package, 30)
        for package, at, partial in zip(dots["package"], where, is_partial, strict=True)
    ]
    return dots.sort_values(["price", "size"], ignore_index=True, kind="stable")


def _axis(ax: Axes, axis: str, values: pd.Series[float]) -> None:
    """Scale an axis with room for names; over a wide range by doubling, so that the small ones stay apart."""
    low, high = float(values.min()), float(values.max())
    printed = (lambda value: f"{value:,.4g}") if high < 1_000 else None
    if low > 0 and high / low >= WIDE:
        getattr(ax, f"set_{axis}scale")("log")
        steps = np.arange(np.floor(np.log2(low)), np.ceil(np.log2(high)) + 1)
        steps = steps[:: max(1, len(steps) // 9)]
        getattr(ax, f"set_{axis}lim")(low / 1.5, high * (2.4 if axis == "x" else 1.6))
        getattr(ax, f"{axis}axis").set_major_locator(FixedLocator([float(2**step) for step in steps]))
        getattr(ax, f"{axis}axis").set_minor_locator(NullLocator())
    else:
        room = (high - low) or high or 1.0
        getattr(ax, f"set_{axis}lim")(max(low - 0.15 * room, 0), high + (0.35 if axis == "x" else 0.2) * room)
    style.number_axis(ax, axis, printed)


def _frontier(ax: Axes, dots: pd.DataFrame) -> None:
    """Lead a line through those for which nothing larger is cheaper."""
    good = dots[dots["state"] == GOOD].sort_values(["price", "size"], ascending=[True, False])
    best = good[good["size"] > good["size"].cummax().shift(fill_value=-np.inf)]
    if len(best) > 1:
        ax.plot(best["size"], best["price"], color=style.INBOUND, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)


@dataclass(frozen=True)
class Box:
    """A rectangle on the picture, in points."""

    left: float
    low: float
    right: float
    high: float

    def meets(self, other: Box) -> bool:
        """Whether the two have a point in common."""
        return self.left < other.right and other.left < self.right and self.low < other.high and other.low < self.high


def _name(ax: Axes, dots: pd.DataFrame) -> int:
    """Name the dots where there is room beside them, the good ones first, and count those that stay without a name."""
    places = ax.transData.transform(dots[["size", "price"]].to_numpy()) * style.POINTS_PER_INCH / ax.figure.dpi
    taken = [Box(x - 5, y - 5, x + 5, y + 5) for x, y in places]
    frame = ax.bbox
    start, edge = (end * style.POINTS_PER_INCH / ax.figure.dpi for end in (frame.x0, frame.x1))
    unnamed = 0
    order = sorted(range(len(dots)), key=lambda place: ((GOOD, BEATEN, GONE).index(dots["state"].iloc[place]), place))
    for place in order:
        row = dots.iloc[place]
        others = [box for number, box in enumerate(taken) if number != place]
        side = _side(str(row["name"]), places[place], others, (start, edge))
        if side is None:
            unnamed += 1
            continue
        box, offset, align = side
        taken.append(box)
        colour = {GOOD: style.INK, BEATEN: style.RISE, GONE: style.MUTED}[row["state"]]
        how = {"textcoords": "offset points", "xytext": offset, "va": "center", "color": colour, **align}
        style.write(ax, str(row["name"]), (row["size"], row["price"]), **how)
    return unnamed


def _side(
    name: str, at: Sequence[float], taken: Sequence[Box], ends: tuple[float, float]
) -> tuple[Box, tuple[float, float], dict[str, str]] | None:
    """Find room for a name right of its dot, left of it, above or below; None where there is none."""
    wide, high = len(name) * style.SMALL_PT * LETTER, style.SMALL_PT * LINE
    (x, y), (start, edge) = at, ends
    for dx, dy, align in (
        (8, 0, "left"),
        (-8, 0, "right"),
        (0, 11, "center"),
        (0, -11, "center"),
        (8, 9, "left"),
        (8, -9, "left"),
    ):
        left = x + dx - {"left": 0.0, "right": wide, "center": wide / 2}[align]
        box = Box(left, y + dy - high / 2, left + wide, y + dy + high / 2)
        if box.right < edge and box.left > start and not any(box.meets(other) for other in taken):
            return box, (dx, dy), {"ha": align}
    return None


def _title(catalogue: pd.DataFrame) -> str:
    on_offer = catalogue[catalogue["is_offered"]]
    number = counted(on_offer["package"].nunique(), "package")
    better = on_offer["dominated_by"].fillna(on_offer["dominated_elsewhere"])
    beaten = on_offer[better.notna()]
    if beaten.empty:
        return f"{number} on offer, and none that another one beats"
    one, by = beaten.iloc[0], str(better.dropna().iloc[0])
    place = f" in {labels.drawable(one['location'], 20)}" if isinstance(one["location"], str) else ""
    names = beaten["package"].nunique()
    said = f"{labels.drawable(one['package'], 20)}{place} by {labels.drawable(by, 28)}"
    return f"Of {number} on offer, {names:,} {'is' if names == 1 else 'are'} beaten: {said}"


def _note(dots: pd.DataFrame, left_out: int, unnamed: int) -> str:
    parts = ["Blue: no other one beats it."]
    if (dots["state"] == BEATEN).any():
        parts.append("Red ring: another one gives no less for no more.")
    if (dots["state"] == GONE).any():
        parts.append("Cross: no longer on offer.")
    if unnamed:
        parts.append(f"{counted(unnamed, 'dot')} without room for a name.")
    if left_out:
        parts.append(f"{counted(left_out, 'offer')} without a price or a size.")
    return " ".join(parts)
