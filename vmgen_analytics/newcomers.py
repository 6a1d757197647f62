"""Is an account that the archive does not know yet one that it knows by another name."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pandas as pd

from vmgen_analytics import fetch
from vmgen_analytics.errors import ArchiveError, AuthenticationError, SettingsError, VMgenError
from vmgen_analytics.schema import TABLES

if TYPE_CHECKING:
    from vmgen_analytics.api import Client
    from vmgen_analytics.archive import Archive
    from vmgen_analytics.fetch import Fetched

_log = logging.getLogger(__name__)

READERS = {"invoices": fetch.read_invoices, "vms": fetch.read_vms}
"""What tells one account from another."""

MACHINE = ["vm_id", "fqdn"]
BILL = ["invoice_id", "invoice_date", "total_cost"]


def first_look(client: Client, archive: Archive) -> dict[str, Fetched]:
    """Make sure, before anything of a new account is stored, that the archive does not have it by another name.

    Parameters
    ----------
    client
        Of the account.
    archive
        The history.

    Returns
    -------
    dict
        What was fetched for that, to be stored: ``invoices`` and ``vms`` of an account that is new to an archive which
        knows others.

    Raises
    ------
    SettingsError
        Another account shows the same.
    AuthenticationError
        The key is not accepted.
    """
    had: dict[str, Fetched] = {}
    try:
        if not _is_new(archive, client.account_name):
            return had
        for name, read in READERS.items():
            try:
                had[name] = read(client)
            except AuthenticationError:
                raise
            except VMgenError as error:  # it is asked for again in its turn, and told then
                _log.debug("%s cannot be compared with those of other accounts: %s", name, error)
        came = {name: had[name].frame if name in had else TABLES[name].frame() for name in READERS}
        check_other(archive, client.account_name, came["vms"], came["invoices"])
    except ArchiveError as error:  # what cannot be read there is told when it is to be written
        _log.debug("the accounts of the archive cannot be compared: %s", error)
    return had


def check_other(archive: Archive, account: str, vms: pd.DataFrame, invoices: pd.DataFrame) -> None:
    """Make sure, before anything of an account is stored, that the archive has not all of it by another name.

    Else its VMs, traffic and costs would be there twice. Only accounts that were synced this month or the month
    before can be there twice, as the provider shows no more.

    Parameters
    ----------
    archive
        The history.
    account
        A name that is new to it.
    vms, invoices
        Those tables, as they came of that account.

    Raises
    ------
    SettingsError
        Another account shows the same.
    ArchiveError
        The archive cannot be read.
    """
    times = pd.concat([vms["seen_at"], invoices["seen_at"]])
    if times.empty:
        return
    since = times.max().tz_localize(None).to_period("M").to_timestamp() - pd.DateOffset(months=1)
    known_vms, known_invoices = archive.read("vms", since), archive.read("invoices", since)
    for other in sorted({*known_vms["account"], *known_invoices["account"]} - {account}):
        theirs, bills = (rows[rows["account"] == other] for rows in (known_vms, known_invoices))
        if same := shared(vms, invoices, theirs, bills):
            raise SettingsError(
                f"{account}, of which the archive at {archive.url} has nothing yet, shows {same} as {other}: if "
                f"{other} was renamed, call it [accounts.{other}] in the settings as before, for its history has that "
                "name; if both are one account of the provider, leave one of them out; if VMs were moved from one to "
                f"the other, sync {other} on another day first. Nothing of {account} was stored"
            )


def shared(vms: pd.DataFrame, invoices: pd.DataFrame, known_vms: pd.DataFrame, known_invoices: pd.DataFrame) -> str:
    """Tell what two accounts have in common that only one account can have; empty where there is nothing.

    Invoices count only where one of the two shows no VM: small numbers and totals may well agree by chance.

    Parameters
    ----------
    vms, invoices
        Those tables of one account, as they came.
    known_vms, known_invoices
        Those tables of another one, the newest of each VM and invoice.

    Returns
    -------
    str
        As ``the same VM web-1.example.net (and 3 more)``.
    """
    last = known_vms[known_vms["seen_on"] == known_vms["seen_on"].max()]
    if len(vms) and len(last):
        names = vms.merge(last, on=MACHINE, suffixes=("", "_known"))["fqdn"].dropna()
        return _said("VM", names[names != ""].tolist())
    bills = invoices.dropna(subset=BILL).merge(known_invoices, on=BILL, suffixes=("", "_known"))
    return _said("invoice", bills.loc[bills["total_cost"] != 0, "invoice_id"].tolist())


def _is_new(archive: Archive, account: str) -> bool:
    """Tell whether the archive knows other accounts, and of this one neither VMs nor invoices: by its folders alone."""
    return bool(archive.months("vms", "invoices")) and not archive.months("vms", "invoices", account=account)


def _said(kind: str, names: list[object]) -> str:
    more = f" (and {len(names) - 1} more)" if len(names) > 1 else ""
    return f"the same {kind} {names[0]}{more}" if names else ""
