"""VM-days by who pays for them, so that traffic can be told by cost centre as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vmgen_analytics.schema import TABLES, UNASSIGNED

if TYPE_CHECKING:
    from vmgen_analytics.cost.cost_centres import CostCentres


def assigned_days(days: pd.DataFrame, centres: CostCentres) -> pd.DataFrame:
    """Each VM-day with the cost centre that pays for it, its traffic divided where several do.

    What counts traffic takes the result in place of ``vm_days`` and groups it by ``cost_centre``: the traffic of all
    cost centres is that of all VMs. A VM-day that several share counts as a day of each.

    Parameters
    ----------
    days
        Table ``vm_days``.
    centres
        The rules; what none fits, or none gives away, is ``unassigned``. Shared costs are money, not traffic, and
        spread nothing here.

    Returns
    -------
    DataFrame
        Table ``vm_days`` with cost_centre; a VM-day has a row for each cost centre that shares it. [MB]

    Raises
    ------
    SchemaError
        The frame is not its table.
    """
    TABLES["vm_days"].check(days, unique=False)
    rule_of = centres.rule_of(days)
    parts = [_given(days, np.flatnonzero(rule_of < 0), UNASSIGNED, 1.0)]
    for number, rule in enumerate(centres.rules):
        rows = np.flatnonzero(rule_of == number)
        parts += [_given(days, rows, share.cost_centre, share.percent / 100) for share in rule.shares]
        rest = 1 - sum(share.percent for share in rule.shares) / 100
        if rest > 1e-9:
            parts.append(_given(days, rows, UNASSIGNED, rest))
    filled = [part for part in parts if len(part)] or parts[:1]
    together: pd.DataFrame = pd.concat(filled, ignore_index=True)
    return together.sort_values([*TABLES["vm_days"].key, "cost_centre"], ignore_index=True)


def _given(days: pd.DataFrame, rows: np.ndarray, cost_centre: str, part: float) -> pd.DataFrame:
    given = days.iloc[rows]
    whole = pd.Series(cost_centre, index=given.index, dtype="str")
    return given.assign(in_MB=given["in_MB"] * part, out_MB=given["out_MB"] * part, cost_centre=whole)
