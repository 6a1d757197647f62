"""What a table's log says beside its rows: the version of the layout, and for each part a digest of its rows.

The log of syncs also says which tables there are, each by the identity that Delta gave it, and how many commits each
had; and of a table that is being restored it is noted by which restore.

Both are transaction identifiers of the Delta protocol: they lie in the same commit as the rows, every checkpoint keeps
them, and they are the same in a folder and in an object store.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from deltalake import CommitProperties, Transaction

if TYPE_CHECKING:
    from collections.abc import Iterable

    from deltalake import DeltaTable

VERSION = 2
"""Version of the layout that this package writes; `versions` tells what each one brought."""

PROPERTIES = {
    "delta.checkpointInterval": "10",  # to open a table is to read its last checkpoint and the commits since
    "delta.logRetentionDuration": "interval 30 days",
    "delta.deletedFileRetentionDuration": "interval 30 days",
    "delta.dataSkippingNumIndexedCols": "0",  # we read by account and month, and statistics make the log long
}
"""How Delta keeps a table: 30 days can be read back, and what is older may be removed."""

RESTORE_KEY = "vmgen_analytics.restore"
_VERSION_KEY = "vmgen_analytics.version"


def version_of(opened: DeltaTable) -> int:
    """Tell the version of a table's layout; tables made before there were versions have the first."""
    return int(opened.transaction_version(_VERSION_KEY) or 1)


def digest_of(opened: DeltaTable, account: str, month: str) -> int | None:
    """Tell the digest that was noted when the rows of an account and month were written; None if none was."""
    noted: int | None = opened.transaction_version(_part_key(account, month))
    return noted


def identity_mark(opened: DeltaTable) -> int:
    """Put the identity that a table keeps for life into a number of 63 bits."""
    return int.from_bytes(hashlib.blake2b(str(opened.metadata().id).encode(), digest_size=8).digest()) >> 1


def noted_identity(opened: DeltaTable, name: str) -> int | None:
    """Tell which identity of another table was noted in a log; None if none was."""
    noted: int | None = opened.transaction_version(_table_key(name))
    return noted


def noted_commits(opened: DeltaTable, name: str) -> int | None:
    """Tell the version of another table that was noted in a log; None if none was."""
    noted: int | None = opened.transaction_version(commits_key(name))
    return noted


def noted_loss(opened: DeltaTable, name: str) -> int | None:
    """Tell the version that another table once had when it was found to be older than that; None if it never was."""
    noted: int | None = opened.transaction_version(loss_key(name))
    return noted


def noted_restore(opened: DeltaTable) -> int | None:
    """Tell the number of the restore that made a table; None if a sync did."""
    noted: int | None = opened.transaction_version(RESTORE_KEY)
    return noted


def marks(
    digests: Iterable[tuple[str, str, int]],
    identities: Iterable[tuple[str, int]] = (),
    notes: Iterable[tuple[str, int]] = (),
) -> CommitProperties:
    """Note with a commit our version, for each account and month the digest of its rows, and which tables there are.

    Such a commit is tried once: of two writers, the later one has to read again what the first one stored. Other notes
    are of a key and a number.
    """
    noted = [Transaction(_part_key(account, month), number) for account, month, number in digests]
    noted += [Transaction(_table_key(name), number) for name, number in identities]
    noted += [Transaction(key, number) for key, number in notes]
    return CommitProperties(app_transactions=[Transaction(_VERSION_KEY, VERSION), *noted], max_commit_retries=0)


def commits_key(name: str) -> str:
    """Name the note of how many commits a table had."""
    return f"commits {name}"


def loss_key(name: str) -> str:
    """Name the note that a table was found with fewer commits than it had."""
    return f"commits lost {name}"


def part_of(key: str) -> tuple[str, str] | None:
    """Read account and month out of the key of a digest; None if it is another key."""
    kind, _, rest = key.partition(" ")
    month, _, account = rest.partition(" ")
    return (account, month) if kind == "part" else None


def _table_key(name: str) -> str:
    return f"table {name}"


def _part_key(account: str, month: str) -> str:
    return f"part {month} {account}"
