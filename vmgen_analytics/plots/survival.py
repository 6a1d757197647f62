"""The picture of how old VMs become."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from vmgen_analytics.capacity.survival import LEAST_AT_RISK
from vmgen_analytics.plots import labels, stacks, style
from vmgen_analytics.schema import TABLES
from vmgen_analytics.wording import counted

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.typing import ColorType

VM_SURVIVAL = TABLES["vm_survival"]
DASHES = (0, (2, 2))


def vm_survival(survival: pd.DataFrame, *, top: int = 4, ax: Axes | None = None) -> Axes:
    """Draw what part of the VMs becomes older than each age, with its interval of 80 %.

    The curve is that of VMs whose birth is known, and each counts from the age at which it was first observed: those
    that had died before nobody could see, and the small print says so.

    Parameters
    ----------
    survival
        Table ``vm_survival``, a curve for each account and group.
    top
        So many curves, those of most VMs; the others are counted.
    ax
        Where to draw; by default on a new figure.

    Returns
    -------
    Axes
        The curves; without rows the sentence that of no VM the birth is known.

    Raises
    ------
    SchemaError
        The frame is not the table.
    """
    VM_SURVIVAL.check(survival)
    if survival.empty:
        return style.nothing(
            ax, "No lifetimes to show: of no VM the birth is known. It takes VMs deployed since a sync."
        )
    ax = style.place(ax)
    curves = _curves(survival)
    shown = dict(list(curves.items())[:top])
    hue = style.colours(shown) if len(curves) > 1 else dict.fromkeys(shown, style.INBOUND)
    for name, curve in shown.items():
        _draw(ax, curve, hue[name], alpha=0.16 if len(shown) == 1 else 0.09)
    oldest = max(int(curve["age_d"].max()) for curve in shown.values())
    ax.set(xlim=(0, max(oldest, 1)), ylim=(0, 1.04))
    ends = [(name, hue[name], float(curve["survival"].iloc[-1])) for name, curve in shown.items()]
    _name_ends(ax, sorted(ends, key=lambda end: end[2]))
    style.number_axis(ax, "x")
    style.number_axis(ax, "y", labels.percent)
    style.axis_label(ax, "x", "age [days]")
    style.axis_label(ax, "y", "part of the VMs that becomes older")
    return style.dress(ax, _title(shown), note=_note(shown, len(curves)))


def _curves(survival: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Each curve by its name, those of most VMs first: an account, a group, or both where there are several."""
    key = [name for name in VM_SURVIVAL.key_of(survival) if name != "age_d"]
    told = [name for name in key if len(survival[name].unique()) > 1]
    curves = {
        ", ".join(_words(name, value) for name, value in zip(key, values, strict=True) if name in told): curve
        for values, curve in survival.sort_values("age_d").groupby(key, dropna=False)
    }
    return dict(sorted(curves.items(), key=lambda curve: -(curve[1]["deaths"] + curve[1]["censored"]).sum()))


def _words(group: str, value: Any) -> str:
    return labels.drawable(value) if isinstance(value, str) else f"unknown {group}"


def _draw(ax: Axes, curve: pd.DataFrame, colour: ColorType, alpha: float) -> None:
    """Draw the steps, dashed where few are observed, the interval, and a tick where VMs are known no longer."""
    ages = np.array([0.0, *curve["age_d"]])
    parts = np.array([1.0, *curve["survival"]])
    low, high = (np.array([1.0, *curve[f"survival_{end}"]]) for end in ("low", "high"))
    ax.fill_between(ages, low, high, step="post", color=colour, alpha=alpha, linewidth=0)
    few = np.flatnonzero(curve["at_risk"].to_numpy() < LEAST_AT_RISK)
    until = int(few[0]) if len(few) else len(ages)
    look: dict[str, Any] = {"color": colour, "drawstyle": "steps-post"}
    ax.plot(ages[: until + 1], parts[: until + 1], linewidth=2.0, **look)
    ax.plot(ages[until:], parts[until:], linewidth=1.2, linestyle=DASHES, **look)
    censored = curve[curve["censored"] > 0]
    ax.plot(censored["age_d"], censored["survival"], "|", color=colour, markersize=7)


def _name_ends(ax: Axes, ends: list[tuple[str, ColorType, float]]) -> None:
    """Print the last values at the right edge, each with its name if there are several."""
    height = style.TEXT_PT * 1.5 / (0.8 * style.size_pt(ax)[1])
    wanted: list[float | None] = [value / ax.get_ylim()[1] for _, _, value in ends]
    beside: dict[str, Any] = {"xycoords": "axes fraction", "textcoords": "offset points", "va": "center"}
    for (name, colour, value), place in zip(ends, stacks.spread(wanted, height), strict=True):
        text = f"{name} {labels.percent(value)}".strip()
        style.write(ax, "■" if name else "", (1, place), xytext=(6, 0), color=colour, **beside)
        style.write(ax, text, (1, place), xytext=(17 if name else 6, 0), fontweight="bold", **beside)


def _title(shown: dict[str, pd.DataFrame]) -> str:
    name, curve = next(iter(shown.items()))
    whose = f"the VMs of {name}" if name else "the VMs"
    sound = curve[curve["at_risk"] >= LEAST_AT_RISK]
    if sound.empty:
        most = int(curve["at_risk"].max())
        return f"Never more than {counted(most, 'VM')} of known birth observed: too few for a curve to lean on"
    last = sound.iloc[-1]
    ends = [labels.percent(last[f"survival_{end}"]) for end in ("low", "high")]
    interval = "" if ends[0] == ends[1] else f" ({ends[0]} to {ends[1]})"
    said = f"{labels.percent(last['survival'])} of {whose} become older than {int(last['age_d']):,} days{interval}"
    return said.replace("\N{NO-BREAK SPACE}", " ")


def _note(shown: dict[str, pd.DataFrame], curves: int) -> str:
    vms, deaths = (
        int(sum(curve[columns].sum().sum() for curve in shown.values()))
        for columns in (["deaths", "censored"], ["deaths"])
    )
    parts = [
        f"{counted(vms, 'VM')} of known birth, {deaths:,} of them dead; band: 8 of 10.",
        "Each counts from the age at which it was first observed: who died before is not in it.",
        "Tick: alive at that age, and known no longer.",
    ]
    if any((curve["at_risk"] < LEAST_AT_RISK).any() for curve in shown.values()):
        parts.append(f"Dashed: fewer than {LEAST_AT_RISK} observed.")
    if curves > len(shown):
        parts.append(f"{counted(curves - len(shown), 'smaller group')} left out.")
    return style.small_print(parts)
