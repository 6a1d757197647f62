"""The machines of each account while its inventories were complete: who was there, who came, who went."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vmgen_analytics.fleet.inventories import Inventories
from vmgen_analytics.schema import MACHINE, TABLES, machine_key

if TYPE_CHECKING:
    from collections.abc import Sequence

MEASURES = ("vcpus", "ram_GB", "disk_GB")
DAYS_PER_MONTH = 365.25 / 12
DAY = pd.Timedelta(days=1)


def windows(syncs: pd.DataFrame) -> pd.DataFrame:
    """Between which days each account was observed.

    Parameters
    ----------
    syncs
        Table ``syncs``.

    Returns
    -------
    DataFrame
        account, and the days of its first and its last complete inventory; accounts without one are left out.

    Raises
    ------
    SchemaError
        The frame is not its table.
    """
    TABLES["syncs"].check(syncs)
    found = []
    for account, mine in syncs.groupby("account"):
        inventories = Inventories.of(mine)
        if len(inventories.firsts):
            found.append((str(account), int(inventories.firsts[0]), int(inventories.lasts[-1])))
    names, firsts, lasts = zip(*found, strict=True) if found else ((), (), ())
    return pd.DataFrame(
        {
            "account": pd.Series(names, dtype="str"),
            "observed_from": np.array(firsts, dtype="datetime64[D]").astype("datetime64[us]"),
            "observed_to": np.array(lasts, dtype="datetime64[D]").astype("datetime64[us]"),
        }
    )


def observed_machines(lifetimes: pd.DataFrame, syncs: pd.DataFrame) -> pd.DataFrame:
    """Take the machines that existed while their account was observed, and tell births from those found running.

    Parameters
    ----------
    lifetimes
        Table ``lifetimes``.
    syncs
        Table ``syncs``: its complete inventories begin and end what was observed.

    Returns
    -------
    DataFrame
        The rows of ``lifetimes``, with observed_from and observed_to; entered_on, the first day on which the machine
        counts; is_birth, whether it is known not to have existed before the observation; left_on, its last day,
        missing while it exists; and whether born and died may have been in a neighbouring month.

    Raises
    ------
    SchemaError
        A frame is not its table.
    """
    TABLES["lifetimes"].check(lifetimes)
    seen = windows(syncs)
    rows = lifetimes.merge(seen, on="account", how="inner", validate="many_to_one")
    is_dead = rows["died_max"].notna()
    rows = rows[~(is_dead & (rows["died_min"] < rows["observed_from"])) & (rows["born_max"] <= rows["observed_to"])]
    rows = rows.reset_index(drop=True)
    is_dead = rows["died_max"].notna()
    is_birth = rows["born_min"].notna() & (rows["born_max"] >= rows["observed_from"])
    entered = rows["born_max"].where(is_birth, rows["observed_from"])
    left = rows["died_min"].where(is_dead & (rows["died_min"] <= rows["observed_to"]))
    born_in, died_in = (rows[name].dt.to_period("M") for name in ("born_max", "died_min"))
    return rows.assign(
        is_birth=is_birth,
        entered_on=entered,
        left_on=left,
        is_birth_unsure=is_birth & (rows["born_min"].dt.to_period("M") != born_in),
        is_death_unsure=left.notna() & (rows["died_max"].dt.to_period("M") != died_in),
    )


def placed(lifetimes: pd.DataFrame, days: pd.DataFrame) -> pd.DataFrame:
    """Tell of each machine where it stands and how large it is, by the last of its days.

    Parameters
    ----------
    lifetimes
        Table ``lifetimes``.
    days
        Table ``vm_days`` of the same archive, with the last day of each machine's life.

    Returns
    -------
    DataFrame
        Table ``lifetimes`` with location, continent, vcpus, ram_GB and disk_GB; missing where they are not known or
        the days have nothing of a machine.

    Raises
    ------
    SchemaError
        A frame is not its table.
    """
    TABLES["lifetimes"].check(lifetimes)
    TABLES["vm_days"].check(days, unique=False)
    facts = ["location", "continent", *MEASURES]
    left = lifetimes.drop(columns=[name for name in facts if name in lifetimes])
    # the end of a life that runs: after every day there is
    until = left["died_min"].where(left["died_max"].notna(), pd.Timestamp("2200-01-01")).astype("datetime64[us]")
    asked = left[[*MACHINE]].assign(until=until).sort_values("until", kind="stable")
    known = days[[*machine_key(days), "date", *facts]].sort_values("date", kind="stable")
    found = pd.merge_asof(asked, known, left_on="until", right_on="date", by=machine_key(days), direction="backward")
    found = found.drop(columns="until")
    both = left.merge(found, on=[*MACHINE], how="left", validate="one_to_one")
    is_of_another = both["date"].isna() | (both["date"] < both["born_max"])
    both[facts] = both[facts].mask(is_of_another)
    return both.drop(columns="date")


def grouping(by: str | Sequence[str], frame: pd.DataFrame, table: str) -> list[str]:
    """Name the columns to group machines by, the account always first."""
    found = TABLES[table].grouping(by, frame)
    return ["account", *(name for name in found if name != "account")]
