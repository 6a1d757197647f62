"""Days on which a VM may have existed or not, as its birth or its death is known only as a bound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from vmgen_analytics.cost.words import listed
from vmgen_analytics.wording import counted

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

DAY = pd.Timedelta(days=1)
SHOWN = 5
"""So many VMs are named, those with the most such days first."""


def days_in_doubt(
    lifetimes: pd.DataFrame, months: Collection[tuple[str, pd.Period]]
) -> Mapping[tuple[str, pd.Period], str]:
    """Say of each month which VMs may have existed on more of its days than are known.

    Parameters
    ----------
    lifetimes
        Table ``lifetimes``.
    months
        Accounts and months.

    Returns
    -------
    mapping
        From account and month to words; those without such days are left out.
    """
    found: dict[tuple[str, pd.Period], list[tuple[int, str]]] = {}
    rows: list[dict[str, Any]] = lifetimes.to_dict("records")  # type: ignore[assignment]
    by_account: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_account.setdefault(str(row["account"]), []).append(row)
    for account, month in months:
        told = [doubt for row in by_account.get(account, ()) for doubt in _doubts(row, month)]
        if told:
            found[account, month] = sorted(told, key=lambda each: -each[0])
    return {key: _words(told) for key, told in found.items()}


def _doubts(row: Mapping[str, Any], month: pd.Period) -> list[tuple[int, str]]:
    """Count the days of a month before the first and after the last one on which a VM is known."""
    first, last = month.to_timestamp(), (month + 1).to_timestamp() - DAY
    name = f"VM {row['vm_id']}" if pd.isna(row["vm_name"]) else str(row["vm_name"])
    born, died = row["born_max"], row["died_max"]
    since = first if pd.isna(row["born_min"]) else max(first, row["born_min"] + DAY)
    before = 0 if pd.isna(born) else (min(last, born - DAY) - since).days + 1
    after = 0 if pd.isna(died) else (min(last, died - DAY) - max(first, row["died_min"] + DAY)).days + 1
    return [
        *([(before, f"{name} on {counted(before, 'day')} before {born:%Y-%m-%d}")] if before > 0 else []),
        *([(after, f"{name} on {counted(after, 'day')} after {row['died_min']:%Y-%m-%d}")] if after > 0 else []),
    ]


def _words(told: list[tuple[int, str]]) -> str:
    names = [words for _, words in told]
    shown = names if len(names) <= SHOWN + 1 else [*names[:SHOWN], f"{len(names) - SHOWN} more VMs"]
    return f"births and deaths are bounds, so there may have been {listed(shown)}"
