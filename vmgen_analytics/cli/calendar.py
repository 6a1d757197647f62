"""A calendar of what is known: a month a row, a day a column, in 80 columns, readable without colour."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pandas as pd
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vmgen_analytics.cli.standing import Standing

WORDS = {
    "final": "final",
    "imported": "imported",
    "provisional": "may still change",
    "partial": "under way",
    "awaited": "over, not fetched yet",
    "lost_tail": "end not seen",
    "missing": "no report",
}
GLYPHS = {
    "final": "■", "imported": "▤", "provisional": "▣", "partial": "◧", "awaited": "○", "lost_tail": "▽", "missing": "✗",
    "": "·",
}  # fmt: skip
PLAIN = {
    "final": "#", "imported": "i", "provisional": "+", "partial": "o", "awaited": "?", "lost_tail": "v", "missing": "x",
    "": ".",
}  # fmt: skip
COLOURS = {
    "final": "green", "imported": "green", "provisional": "cyan", "partial": "blue", "awaited": "bold magenta",
    "lost_tail": "yellow", "missing": "bold red",
}  # fmt: skip
NOTHING = "to come, or no VM"
WIDTH = 80
INDENT = " " * 8
FEW = 3


def calendar(standings: Sequence[Standing], months: int = 13) -> Text:
    """Draw the worst state of each day of some accounts.

    Parameters
    ----------
    standings
        How the history of each stands; at least one has a VM.
    months
        How many months to draw, the newest ones; 0 draws all.

    Returns
    -------
    Text
        A ruler, for each account a heading and a row a month, and the meaning of the signs that occur; at most 80
        columns wide.
    """
    glyphs = GLYPHS if _can_show("".join(GLYPHS.values())) else PLAIN
    text = Text(no_wrap=True)
    drawn = {each.account: each.days.iloc[-months:] if months else each.days for each in standings}
    for number, each in enumerate(standings):
        text.append(f"{each.account}: days of traffic, each as its worst VM ({each.zone.key})\n", "bold")
        if not number:
            text.append(INDENT + "".join(f"{day:<6}" for day in range(1, 32, 5)).rstrip() + "\n", "dim")
        known = {str(record["month"]): record for record in each.months.to_dict("records")}
        rows = drawn[each.account]
        if earlier := _earlier(each, set(rows.index)):
            text.append(f"{earlier}\n", "dim")
        for month, row in rows.iterrows():
            text.append(f"{month} ")
            _draw(text, str(month), row, glyphs)
            text.append(f" {_told(known.get(str(month)))}\n")
    states = {state for rows in drawn.values() for state in rows.to_numpy().ravel()}
    _explain(text, [state for state in WORDS if state in states], glyphs)
    return text


def _explain(text: Text, used: Sequence[str], glyphs: Mapping[str, str]) -> None:
    """Write the meaning of the signs, in as many lines as it takes."""
    text.append(INDENT)
    left = WIDTH - len(INDENT)
    for state, words in [*((state, WORDS[state]) for state in used), ("", NOTHING)]:
        if len(words) + 2 > left:
            text.right_crop(2)
            text.append(f"\n{INDENT}")
            left = WIDTH - len(INDENT)
        text.append(glyphs[state], COLOURS.get(state, "dim"))
        text.append(f" {words}{'  ' if state else ''}", "dim")
        left -= len(words) + 4


def _earlier(standing: Standing, shown: set[str]) -> str:
    """Say what is not drawn, and in which of it not all is known."""
    rows = standing.months[~standing.months["month"].astype("str").isin(shown)]
    if rows.empty:
        return ""
    lacking = rows[rows["days_final"] + rows["days_imported"] < rows["days_expected"]]["month"].astype("str").tolist()
    count = f"… {len(rows):,} earlier month{'' if len(rows) == 1 else 's'}"
    known = "all imported" if rows["days_final"].sum() == 0 and not lacking else "all final"
    if rows["days_imported"].any() and rows["days_final"].any():
        known = "all final or imported"
    if not lacking:
        return f"{count}: {known}"
    newest = ", ".join(lacking[-FEW:][::-1])
    more = f" and {len(lacking) - FEW} more" if len(lacking) > FEW else ""
    return f"{count}: {known} but {newest}{more}"


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
    vms = f"{known['state']:<7} {known['vms']:,} VM{'' if known['vms'] == 1 else 's'}"
    over = known["days_expected"] - known["days_partial"]
    if not over:
        return f"{vms}, no day over"
    share = 100 * (known["days_final"] + known["days_imported"]) // over
    word = "final" if not known["days_imported"] else "known" if known["days_final"] else "imported"
    return f"{vms}, {share} % {word}"


def _can_show(glyphs: str) -> bool:
    try:
        glyphs.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
