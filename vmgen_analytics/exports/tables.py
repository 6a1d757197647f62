"""Any table of the schema, archived or derived."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

import pandas as pd

from vmgen_analytics.archive import TABLES as ARCHIVED
from vmgen_analytics.bandwidth import (
    anomaly_contributions,
    bandwidth_anomalies,
    bandwidth_so_far,
    compared_bandwidth,
    daily_bandwidth,
    daily_means,
    monthly_bandwidth,
    quota_status,
    top_talkers,
)
from vmgen_analytics.capacity import (
    Plan,
    capacity_forecast,
    fleet_changes,
    fleet_rates,
    footprint,
    footprint_forecast,
    vm_lifetime,
    vm_survival,
    what_if,
)
from vmgen_analytics.capacity.idle import idle_vms
from vmgen_analytics.cost import (
    Budgets,
    CostCentres,
    PriceBook,
    budget_status,
    cost_centre_rules,
    cost_changes,
    cost_forecast,
    cost_forecast_backtest,
    cost_statement,
    credit_runway,
    estimated_prices,
    monthly_costs,
    price_findings,
    rated_costs,
    reconciliation,
    transfer_terms,
    unit_costs,
)
from vmgen_analytics.errors import SchemaError
from vmgen_analytics.fleet import lifetimes, location_accuracy, location_evidence, read_vm_locations, vm_days
from vmgen_analytics.fleet.coverage import coverage_by_account
from vmgen_analytics.ledger import Ledger, read_ledger
from vmgen_analytics.lines import ALWAYS
from vmgen_analytics.observing import month_state
from vmgen_analytics.planning import Planning, read_planning
from vmgen_analytics.schema import DERIVED, FETCHED, TABLES
from vmgen_analytics.zones import instant

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from vmgen_analytics.archive import Archive
    from vmgen_analytics.fleet.locations import VmLocation
    from vmgen_analytics.settings import Settings

NAMES = (*ARCHIVED, *(table.name for table in DERIVED))


def table(
    archive: Archive,
    settings: Settings,
    name: str,
    start: str | None = None,
    end: str | None = None,
    *,
    now: pd.Timestamp,
    as_of: str | None = None,
) -> pd.DataFrame:
    """Read or compute any table of the schema.

    Parameters
    ----------
    archive
        The history.
    settings
        Prices, locations and allocation, for derived tables.
    name
        An archived table, of which the newest observations are given, or a derived one in its finest grouping.
    start, end
        First day, and the day after the last; all there is without them.
    now
        The time, naive, for the state of months.
    as_of
        A moment, in UTC if it has no time zone: the table as it was then.

    Returns
    -------
    DataFrame
        That table.

    Raises
    ------
    SchemaError
        There is no such table, a day or the moment is none, the end is not after the start, or the table cannot be told
        of an earlier moment.
    """
    check_name(name)
    if as_of is not None and name not in (*ARCHIVED, *_EARLIER):
        raise SchemaError(
            f"{name} cannot be told as of an earlier moment: it rests on files of today, as prices or rules, and on "
            f"what is known by now. {' and '.join(_EARLIER)} can, and every archived table: {', '.join(ARCHIVED)}"
        )
    first, last = _day(start), _day(end)
    if first is not None and last is not None and last <= first:
        raise SchemaError(f"--to {end} is not after --from {start}; it is the first day that is left out")
    if name in ARCHIVED:
        return archive.read(name, first, last, as_of=as_of)
    if name in _OF_MACHINES:
        return _of_machines(name, archive, settings, as_of)
    if name in _OF_PLANNING:
        found = _OF_PLANNING[name](read_planning(archive, settings))
        return _between(found, *(edge if day is None else day for edge, day in zip(ALWAYS, (first, last), strict=True)))
    months = archive.months()
    if not months:
        return TABLES[name].frame()
    first = months[0].to_timestamp() if first is None else first
    if last is None:
        last = max((months[-1] + 1).to_timestamp(), now if name == "coverage" else ALWAYS[0])
    if as_of is not None:
        return vm_days(archive, first, last, vm_locations=_mapping(settings), as_of=as_of)
    begin = months[0].to_timestamp() if name in _LOOKING_BACK else first
    ledger = read_ledger(archive, settings, begin.to_period("M"), (last - pd.Timedelta(days=1)).to_period("M"))
    return _between(_derived(name, ledger, archive, settings, now), first, last)


def check_name(name: str) -> None:
    """Refuse the name of a table that is none.

    Raises
    ------
    SchemaError
        There is no such table.
    """
    if name in {table.name for table in FETCHED}:
        raise SchemaError(f"{name} is not kept; vmgen_analytics.fetch_{name}(client) fetches it")
    if name not in NAMES:
        nearest = difflib.get_close_matches(name, NAMES, n=1)
        hint = f"; did you mean {nearest[0]}?" if nearest else ""
        raise SchemaError(f"no table {name!r}; there are {', '.join(NAMES)}{hint}")


_OF_PLANNING: Mapping[str, Callable[[Planning], pd.DataFrame]] = {
    "fleet_changes": lambda held: fleet_changes(held.lifetimes, held.syncs, ["package", "location"]),
    "fleet_rates": lambda held: fleet_rates(fleet_changes(held.lifetimes, held.syncs, "location")),
    "vm_survival": lambda held: vm_survival(held.lifetimes, held.syncs),
    "vm_lifetime": lambda held: vm_lifetime(vm_survival(held.lifetimes, held.syncs)),
    "footprint_forecast": lambda held: footprint_forecast(held.lifetimes, held.syncs, held.days),
    "capacity_forecast": lambda held: capacity_forecast(held.limits, held.lifetimes, held.syncs, held.days),
    "package_catalogue": lambda held: held.catalogue,
    "what_if": lambda held: what_if(held.days, Plan(), held.catalogue, held.prices, held.policies),
}
"""Tables of the whole history; a plan is a file of its own, so that what_if has the fleet as it is."""

_LOOKING_BACK = (
    "coverage", "monthly_costs", "cost_changes", "cost_forecast", "cost_forecast_backtest", "budget_status",
    "credit_runway", "estimated_prices", "bandwidth_anomalies", "anomaly_contributions", "quota_status",
)  # fmt: skip
"""Tables that say of a time what they know from the time before it, which therefore is always read."""

_OF_MACHINES = ("lifetimes", "location_evidence", "location_accuracy")
"""Tables of machines as such: no day tells which of their rows are meant."""


_EARLIER = ("vm_days", "lifetimes")
"""Derived tables that can be told as they were at an earlier moment."""


def _of_machines(name: str, archive: Archive, settings: Settings, as_of: str | None) -> pd.DataFrame:
    if name == "lifetimes":
        return lifetimes(archive, as_of=as_of)
    return {"location_evidence": location_evidence, "location_accuracy": location_accuracy}[name](
        archive, vm_locations=_mapping(settings)
    )


def _mapping(settings: Settings) -> tuple[VmLocation, ...]:
    return read_vm_locations(settings.vm_locations) if settings.vm_locations else ()


def _derived(name: str, ledger: Ledger, archive: Archive, settings: Settings, now: pd.Timestamp) -> pd.DataFrame:
    makers: Mapping[str, Callable[[], pd.DataFrame]] = {
        "vm_days": lambda: ledger.days,
        "coverage": lambda: _coverage(ledger, archive, settings, now),
        "rated_costs": lambda: _rated(ledger),
        "allocated_costs": lambda: ledger.costs,
        "cost_centre_rules": lambda: cost_centre_rules(ledger.costs, ledger.centres or CostCentres(())),
        "monthly_costs": lambda: monthly_costs(ledger.costs, ["vm_id", "package", "location", "cost_centre"]),
        "cost_changes": lambda: pd.concat([cost_changes(ledger.costs, month, "vm_id") for month in ledger.months]),
        "cost_forecast": lambda: _forecast(cost_forecast, ledger, settings, now),
        "cost_forecast_backtest": lambda: _forecast(cost_forecast_backtest, ledger, settings, now),
        "budget_status": lambda: _budgets(ledger, settings, now),
        "credit_runway": lambda: credit_runway(
            archive.history("accounts"), _forecast(cost_forecast, ledger, settings, now)
        ),
        "cost_statement": lambda: pd.concat([cost_statement(ledger.costs, month) for month in ledger.months]),
        "unit_costs": lambda: unit_costs(ledger.costs, ledger.days, "vm_id"),
        "estimated_prices": lambda: _estimated(ledger, now),
        "price_findings": lambda: _price_findings(ledger, archive),
        "reconciliation": lambda: reconciliation(ledger.invoices, ledger.costs, lifetimes(archive)),
        "daily_bandwidth": lambda: daily_bandwidth(ledger.days, "vm_id"),
        "monthly_bandwidth": lambda: monthly_bandwidth(ledger.days, "vm_id"),
        "bandwidth_anomalies": lambda: bandwidth_anomalies(ledger.days, archive.read("jobs")),
        "anomaly_contributions": lambda: anomaly_contributions(ledger.days),
        "bandwidth_so_far": lambda: bandwidth_so_far(ledger.days, today=now.normalize()),
        "daily_means": lambda: daily_means(ledger.days, "vm_id"),
        "compared_bandwidth": lambda: compared_bandwidth(ledger.days),
        "top_talkers": lambda: top_talkers(ledger.days),
        "quota_status": lambda: quota_status(
            ledger.days, ledger.transfer, today=now.normalize(), terms=transfer_terms(ledger.days, ledger.prices)
        ),
        "idle_vms": lambda: idle_vms(ledger.days, archive.read("jobs"), _rated(ledger)),
        "footprint": lambda: footprint(ledger.days, ["location", "package"]),
    }
    return makers[name]()


def _rated(ledger: Ledger) -> pd.DataFrame:
    return rated_costs(ledger.days, ledger.prices or PriceBook(()), ledger.transfer)


def _coverage(ledger: Ledger, archive: Archive, settings: Settings, now: pd.Timestamp) -> pd.DataFrame:
    """Tell what is known by the clock of each account: its last sync's, if that is ahead."""
    syncs = archive.read("syncs")
    here = instant(now, settings.time_zone).tz_convert("UTC")
    ended = syncs.groupby("account")["ended_at"].max().to_dict()
    clocks = {str(name): max(here, ended.get(name, here)) for name in ledger.days["account"].unique()}
    return coverage_by_account(ledger.days, syncs, settings, clocks)


def _forecast(make: Callable[..., pd.DataFrame], ledger: Ledger, settings: Settings, now: pd.Timestamp) -> pd.DataFrame:
    how: dict[str, Any] = {"today": now.normalize(), "by": "account", "transfer": ledger.transfer}
    return make(ledger.days, ledger.costs, ledger.prices, weights=settings.allocation.weights, **how)


def _price_findings(ledger: Ledger, archive: Archive) -> pd.DataFrame:
    offered, places = archive.read("packages")["package"], archive.read("locations")["location"]
    return price_findings(
        ledger.prices or PriceBook(()), ledger.days, offered.dropna().unique(), places.dropna().unique()
    )


def _budgets(ledger: Ledger, settings: Settings, now: pd.Timestamp) -> pd.DataFrame:
    today = now.normalize()
    expected = _forecast(cost_forecast, ledger, settings, now)
    return budget_status(ledger.budgets or Budgets(()), ledger.costs, expected, today=today)


def _estimated(ledger: Ledger, now: pd.Timestamp) -> pd.DataFrame:
    """Estimate prices from the months that are closed."""
    here = now.to_period("M")
    until = here if month_state(here - 1, now) == "closed" else here - 1
    return estimated_prices(ledger.days, ledger.invoices, until, invoice_periods=ledger.invoice_periods)


def _between(frame: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
    """Keep the days, or the months that have any of these days; what has neither is of all of them."""
    if not {"date", "month"} & set(frame):
        return frame
    if "date" in frame:
        inside = (frame["date"] >= first) & (frame["date"] < last)
    else:
        inside = (frame["month"] >= first.to_period("M")) & (frame["month"].dt.to_timestamp() < last)
    return frame[inside].reset_index(drop=True)


def _day(text: str | None) -> pd.Timestamp | None:
    try:
        return None if text is None else pd.Timestamp(text)
    except ValueError:
        raise SchemaError(f"{text!r} is no day, as 2026-11-23") from None
