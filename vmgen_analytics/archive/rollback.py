"""Tables that are older than the log of syncs knows them: somebody put an older copy in their place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmgen_analytics.archive.contents import ROLL, TABLES
from vmgen_analytics.archive.holding import held
from vmgen_analytics.archive.marks import (
    commits_key,
    identity_mark,
    loss_key,
    noted_commits,
    noted_identity,
    noted_loss,
)
from vmgen_analytics.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from deltalake import DeltaTable

    from vmgen_analytics.archive.places import Place

_WAY_OUT = (
    "bring back the newer one from a backup, or, if there is none, export the archive with --damaged and restore it "
    "into another"
)


def commits(place: Place, roll: DeltaTable | None) -> Iterator[tuple[str, int]]:
    """Find what the log of syncs is to note of how far the tables are that are open already: none is opened for it.

    Parameters
    ----------
    place
        Where the archive is.
    roll
        The log of syncs; None if it is about to be made.

    Yields
    ------
    tuple
        Key and number of a note. A table that is older than was noted stays noted as such for good, as the next
        commits would hide it.
    """
    for name in TABLES:
        opened = held(place.of(name))
        if opened is None or name == ROLL:
            continue
        before = _had(roll, name, opened)
        if before > opened.version():
            opened = place.opened(name) or opened  # others may have written it since, where there are no locks
            if before > opened.version():
                yield loss_key(name), before
        yield commits_key(name), int(opened.version())


def put_back(opened: Mapping[str, DeltaTable]) -> Iterator[tuple[str, str]]:
    """Name the tables that are older than the log of syncs knows them, or were once.

    Parameters
    ----------
    opened
        Tables that can be opened, by name.

    Yields
    ------
    tuple
        Name of a table, and what is wrong.
    """
    roll = opened.get(ROLL)
    if roll is None:
        return
    for name, each in opened.items():
        if noted_identity(roll, name) != identity_mark(each):
            continue  # it is not noted yet, or was begun anew, which is told
        known = noted_commits(roll, name)
        if known is not None and known > each.version():
            had = f"it has {counted(each.version() + 1, 'commit')}, and had {known + 1}"
            yield name, f"it is older than the log of syncs knows it: {had}; {_WAY_OUT}"
        elif noted_loss(roll, name) is not None:
            yield name, f"an older copy was put in its place, and was written to since; {_WAY_OUT}"


def _had(roll: DeltaTable | None, name: str, opened: DeltaTable) -> int:
    """Tell the version that was noted of this very table; none of one that was begun anew since."""
    if roll is None or noted_identity(roll, name) != identity_mark(opened):
        return -1
    noted = noted_commits(roll, name)
    return -1 if noted is None else noted
