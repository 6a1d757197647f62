"""A calendar of what is known: a month a row, a day a column, in 80 columns, readable without colour."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pandas as pd
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vmgen_analytics.cli.standing import Standing

WORDS = {
    "final": "final",
    "provisional": "may still change",
    "partial": "under way",
    "lost_tail": "end lost",
    "missing": "no report",
}
GLYPHS = {"final": "■", "provisional": "▣", "partial": "◧", "lost_tail": "▽", "missing": "✗", "": "·"}
PLAIN = {"final": "#", "provisional": "+", "partial": "o", "lost_tail": "v", "missing": "x", "": "."}
COLOURS = {"final": "green", "provisional": "cyan", "partial": "blue", "lost_tail": "yellow", "missing": "bold red"}


def calendar(standing: Standing) -> Text:
    """Draw the worst state of each day of an account.

    Parameters
    ----------
    standing
        How its history stands.

    Returns
    -------
    Text
        A heading, a row a month, and the meaning of the signs that occur; at most 80 columns wide.
    """
    glyphs = GLYPHS if _can_show("".join(GLYPHS.values())) else PLAIN
    text = Text(no_wrap=True)
    text.append(f"{standing.account}: days of traffic, each as its worst VM ({standing.zone.key})\n", "bold")
    text.append("        " + "".join(f"{day:<6}" for day in range(1, 32, 5)).rstrip() + "\n", "dim")
    known = {str(record["month"]): record for record in standing.months.to_dict("records")}
    for month, row in standing.days.iterrows():
        text.append(f"{month} ")
        _draw(text, str(month), row, glyphs)
        text.append(f" {_told(known.get(str(month)))}\n")
    used = [state for state in WORDS if state in set(standing.days.to_numpy().ravel())]
    text.append("        ")
    for state in used:
        text.append(glyphs[state], COLOURS[state])
        text.append(f" {WORDS[state]}  ", "dim")
    text.append(f"{glyphs['']} to come, or no VM", "dim")
    return text


def _draw(text: Text, month: str, row: pd.Series, glyphs: Mapping[str, str]) -> None:
    length = pd.Period(month).days_in_month
    for day in range(1, 32):
        if day > length:
            text.append(" ")
        elif pd.isna(row[day]):
            text.append(glyphs[""], "dim")
        else:
            text.append(glyphs[row[day]], COLOURS[row[day]])
        if day % 5 == 0:
            text.append(" ")


def _told(known: Mapping[Any, Any] | None) -> str:
    if known is None:
        return "nothing known"
    share = 100 * known["days_final"] // known["days_expected"]
    vms = f"{known['vms']:,} VM{'' if known['vms'] == 1 else 's'}"
    return f"{known['state']:<7} {vms}, {share} % final"


def _can_show(glyphs: str) -> bool:
    try:
        glyphs.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
