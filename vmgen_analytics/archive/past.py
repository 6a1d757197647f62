"""What an archive knew at an earlier moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from vmgen_analytics.errors import SchemaError
from vmgen_analytics.table import moment_of

if TYPE_CHECKING:
    from vmgen_analytics.table import Table

SUPERSEDED = {"usage": "superseded_usage", "jobs": "superseded_jobs"}
"""Tables whose rows are replaced, and where the replaced ones are kept."""


def instant_of(as_of: str | pd.Timestamp) -> pd.Timestamp:
    """Read a moment; one without a time zone is in UTC.

    Raises
    ------
    SchemaError
        It is no day, month or instant.
    """
    try:
        moment = moment_of(as_of)
    except SchemaError:
        raise SchemaError(
            f"{as_of!r} is no instant: write 2026-11-23 09:00, which is in UTC, or 2026-11-23 09:00+01:00"
        ) from None
    return moment.tz_localize("UTC") if moment.tz is None else moment


def known_at(table: Table, rows: pd.DataFrame, superseded: pd.DataFrame | None, as_of: pd.Timestamp) -> pd.DataFrame:
    """Take what was known at a moment.

    Parameters
    ----------
    table
        An archived table.
    rows
        That table, as it is now.
    superseded
        What rows of it said before they were replaced; None for a table whose rows are not replaced.
    as_of
        The moment. Of what is kept by day, the day of the moment counts whole, in the moment's own time zone.

    Returns
    -------
    DataFrame
        The table.
    """
    if superseded is not None:
        return _unreplaced(table, rows, superseded, as_of)
    if "seen_on" in table.key:
        known = rows[rows["seen_on"] <= as_of.tz_localize(None)]
    elif table.name == "commands":
        known = _under_way(rows[rows["requested_at"] <= as_of], as_of)
    else:
        time = next(name for name in ("superseded_at", "seen_at", "ended_at") if name in table.columns)
        known = rows[rows[time] <= as_of]
    return known.reset_index(drop=True)


def all_observations(table: Table, rows: pd.DataFrame, superseded: pd.DataFrame) -> pd.DataFrame:
    """Put the replaced rows of a table before those that replaced them.

    Parameters
    ----------
    table
        A table whose rows are replaced.
    rows
        That table.
    superseded
        What its rows said before.

    Returns
    -------
    DataFrame
        The table, each thing as often as it was reported otherwise, sorted by key and ``seen_at``.
    """
    together = pd.concat([superseded[list(table.columns)], rows]).drop_duplicates()
    return together.sort_values([*table.key, "seen_at"], ignore_index=True, kind="stable")


def _unreplaced(table: Table, rows: pd.DataFrame, superseded: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    held = superseded[(superseded["seen_at"] <= as_of) & (as_of < superseded["superseded_at"])]
    together = pd.concat([held[list(table.columns)], rows[rows["seen_at"] <= as_of]])
    # A sync that died between keeping a row and replacing it has kept a copy of what is still there, and one that was
    # overtaken in between a copy of what others had replaced: the newest counts, and the earliest said of it.
    together = together.sort_values("seen_at", ascending=False, kind="stable")
    return table.sort(together.drop_duplicates(list(table.key)))


def _under_way(commands: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Take back what became of commands later; whether one was accepted by then is not kept."""
    later = commands["finished_at"] > as_of
    outcome = commands["outcome"].mask(later, "sending")
    finished_at = commands["finished_at"].mask(later)
    return commands.assign(outcome=outcome, job_id=commands["job_id"].mask(later), finished_at=finished_at)
