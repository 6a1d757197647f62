"""The account: what credit is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmgen_analytics.api import operations
from vmgen_analytics.fetch.asking import whole
from vmgen_analytics.fetch.tidy import Batch, Fetched, tidy
from vmgen_analytics.schema import TABLES

if TYPE_CHECKING:
    import pandas as pd

    from vmgen_analytics.api import Client


def fetch_accounts(client: Client) -> pd.DataFrame:
    """Fetch the account as it is now.

    Parameters
    ----------
    client
        Whom to ask; one key is one account.

    Returns
    -------
    DataFrame
        Table ``accounts``, one row: account, seen_at, credit, invoicing_model, billing_address. [currency]

    Raises
    ------
    VMgenError
        The provider did not answer as it documents.
    """
    return whole(read_accounts(client))


def read_accounts(client: Client) -> Fetched:
    """Fetch the account, with what could not be read of it beside it."""
    record = client.account()
    stamps = {"account": client.account_name, "seen_at": client.now()}
    return tidy(TABLES["accounts"], operations.ACCOUNT, [Batch({}, [record])], **stamps)
