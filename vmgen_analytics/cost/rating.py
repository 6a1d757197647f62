"""What each VM-day costs by the price book."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from vmgen_analytics.cost.kinds import days_in_months, month_numbers
from vmgen_analytics.cost.overage import overage_costs, policies_of
from vmgen_analytics.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vmgen_analytics.cost.prices import PriceBook
    from vmgen_analytics.transfer import TransferPolicy


def rated_costs(
    days: pd.DataFrame, prices: PriceBook, transfer: Sequence[TransferPolicy] | None = None
) -> pd.DataFrame:
    """Each VM-day at list price: the package's monthly price / days of that month, and its traffic beyond the quota.

    Parameters
    ----------
    days
        Table ``vm_days``; a change of package counts from its day.
    prices
        The price book.
    transfer
        Transfer policies; None takes what the price book says: each VM's traffic out beyond ``included_transfer_GB``.

    Returns
    -------
    DataFrame
        Table ``rated_costs``, in the order of the days: account, date, vm_id, list_cost, transfer_cost, price_source.
        [currency] A package without a price has a missing cost; so has transfer without a known policy.

    Raises
    ------
    SchemaError
        The frame is not the table ``vm_days``.
    """
    TABLES["vm_days"].check(days, unique=False)
    found = prices.rate(days)
    rated = pd.DataFrame(
        {
            "account": days["account"],
            "date": days["date"],
            "vm_id": days["vm_id"],
            "list_cost": found["monthly_price"].to_numpy() / days_in_months(month_numbers(days["date"])),
            "transfer_cost": overage_costs(days, policies_of(prices) if transfer is None else transfer, prices),
            "price_source": found["price_source"].array,
        }
    )
    return TABLES["rated_costs"].check(rated, unique=False)
