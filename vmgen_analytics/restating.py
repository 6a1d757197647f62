"""Usage into the archive, with what final days said before they were changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from vmgen_analytics.schema import TABLES

if TYPE_CHECKING:
    from vmgen_analytics.archive import Archive


def restatements(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Days that were final and now say something else.

    Parameters
    ----------
    old, new
        Table ``usage``, as it was and as it came.

    Returns
    -------
    DataFrame
        Table ``restatements``: account, vm_id, date, seen_at, in_MB, out_MB, in_MB_before, out_MB_before. [MB]

    Raises
    ------
    SchemaError
        A frame is not the table ``usage``.
    """
    key = ["account", "vm_id", "date"]
    both = new.merge(
        old.loc[old["status"] == "final", [*key, "in_MB", "out_MB"]],
        on=key,
        how="inner",
        validate="one_to_one",
        suffixes=("", "_before"),
    )
    changed = _differs(both["in_MB"], both["in_MB_before"]) | _differs(both["out_MB"], both["out_MB_before"])
    return TABLES["restatements"].cast(both[changed])


def keep_restated(archive: Archive, usage: pd.DataFrame, account: str) -> int:
    """Store what final days said until now, before usage that says something else replaces it.

    Parameters
    ----------
    archive
        The history.
    usage
        Table ``usage`` as it came, of one account.
    account
        That account.

    Returns
    -------
    int
        How many restatements are new.

    Raises
    ------
    ArchiveError
        The archive cannot be read or written.
    """
    if usage.empty:
        return 0
    first, last = usage["date"].min(), usage["date"].max()
    old = archive.read("usage", first, last + pd.Timedelta(days=1), account=account)
    return archive.add("restatements", restatements(old, usage))


def _differs(left: pd.Series, right: pd.Series) -> pd.Series:
    return (left != right) & ~(left.isna() & right.isna())
