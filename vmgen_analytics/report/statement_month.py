"""What the statements of a month stand on: its lines, its invoices, the rules, and whether it may still change."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vmgen_analytics.cost import CostCentres, SharedCosts, cost_statement
from vmgen_analytics.cost.cents import printed_cents, rounded
from vmgen_analytics.cost.millionths import exact_sums
from vmgen_analytics.errors import ArchiveError, SettingsError
from vmgen_analytics.observing import month_state
from vmgen_analytics.report.reading import read_facts
from vmgen_analytics.report.statement_sources import source_files
from vmgen_analytics.table import moment_of

if TYPE_CHECKING:
    from vmgen_analytics.archive import Archive
    from vmgen_analytics.report.facts import Facts
    from vmgen_analytics.report.statement_sources import SourceFile
    from vmgen_analytics.settings import Settings

OF_AN_INVOICE = ["account", "invoice_id", "corrects"]


@dataclass(frozen=True)
class StatementMonth:
    """Everything behind the statements of a month.

    Attributes
    ----------
    facts
        The tables of the month, and how fresh they are.
    centres, shared
        The rules that say who pays, and how costs are shared.
    state
        Whether the month is open, closing or closed.
    files
        The files that the division followed.
    """

    facts: Facts
    centres: CostCentres
    shared: SharedCosts
    state: str
    files: tuple[SourceFile, ...] = ()

    @property
    def is_provisional(self) -> bool:
        """Whether the amounts may still change."""
        return self.state != "closed"

    @cached_property
    def lines(self) -> pd.DataFrame:
        """Table ``cost_statement`` of all cost centres."""
        return cost_statement(self.facts.costs, self.facts.month)

    @cached_property
    def totals(self) -> dict[str, float]:
        """What each cost centre pays, in cents."""
        sums = self.lines.groupby("cost_centre")["printed_cost"].sum()
        return {str(name): rounded(amount) for name, amount in sums.items()}

    @property
    def total(self) -> float:
        """What all invoices of the month come to, in cents."""
        return rounded(float(self.lines["printed_cost"].sum()))

    @cached_property
    def invoices(self) -> pd.DataFrame:
        """What each invoice adds to the month: account, invoice_id, corrects, invoice_date, status, cost in cents."""
        of_month = self.facts.of_month(self.facts.costs)
        sums = exact_sums(of_month, OF_AN_INVOICE, "allocated_cost").rename("exact").reset_index()
        named = self.facts.invoices[["account", "invoice_id", "invoice_date", "status"]]
        invoices = sums.merge(named, on=["account", "invoice_id"], how="left", validate="many_to_one")
        return invoices.assign(cost=printed_cents(invoices["exact"], self.total))

    def part(self, cost_centre: str) -> list[float]:
        """What a cost centre pays of each invoice, in cents that add up to its total."""
        of_month = self.facts.of_month(self.facts.costs)
        own = of_month[of_month["cost_centre"] == cost_centre]
        sums = exact_sums(own, OF_AN_INVOICE, "allocated_cost").rename("part").reset_index()
        parts = self.invoices.merge(sums, on=OF_AN_INVOICE, how="left", validate="one_to_one")["part"]
        cents = printed_cents(parts, self.totals.get(cost_centre, 0.0))
        return [float(amount) for amount in np.nan_to_num(cents)]


def read_statement_month(archive: Archive, month: pd.Period | str | None, settings: Settings) -> StatementMonth:
    """Read what the statements of a month stand on.

    Parameters
    ----------
    archive
        The history.
    month
        Which month; None is the newest that is closed and has an invoice, or else the newest with an invoice.
    settings
        Names the rules of cost centres, and how invoices are divided.

    Raises
    ------
    SettingsError
        No rules of cost centres are set, or what the settings name cannot be used.
    ArchiveError
        The archive is empty, or no invoice bills the month.
    SchemaError
        The month is none.
    """
    if not settings.cost_centres:
        raise SettingsError(
            "statements need rules that say who pays: let the setting cost_centres name a CSV file, as "
            'cost_centres = "data/cost_centres.csv"; its columns are name, package, location, account, cost_centre, '
            "share, valid_from, valid_to"
        )
    centres = CostCentres.read(settings.cost_centres)
    shared = SharedCosts.read(settings.shared_costs, centres) if settings.shared_costs else SharedCosts()
    wanted = moment_of(month).to_period("M") if isinstance(month, str) else month
    facts = read_facts(archive, wanted, settings)
    states = {billed: _state(facts, billed, settings) for billed in sorted(facts.totals) if billed in facts.states}
    if not states:
        raise ArchiveError(
            f"no invoice bills {facts.month} or the months before it, so there is nothing to state; sync again when "
            "the provider has billed them"
        )
    closed = [billed for billed, state in states.items() if state == "closed"]
    chosen = (closed or list(states))[-1] if month is None else facts.month
    if chosen not in states:
        newest = max(states)
        raise ArchiveError(
            f"no invoice bills {chosen} yet, so there is nothing to state; the newest month with one is {newest}: "
            f"choose it with --month {newest}"
        )
    return StatementMonth(replace(facts, month=chosen), centres, shared, states[chosen], source_files(settings))


def _state(facts: Facts, month: pd.Period, settings: Settings) -> str:
    """Tell whether a month may still change; one that is billed in the month after does so for longer."""
    state = facts.states[month]
    billed = facts.of_month(facts.costs, month)["account"].unique()
    late = [str(name) for name in billed if settings.invoice_period(str(name)) == "previous-month"]
    if state != "closed" or not late or facts.fetched_at is None:
        return state
    here = [facts.fetched_at.tz_convert(settings.zone(name)).tz_localize(None) for name in late]
    return state if month_state(month + 1, min(here)) == "closed" else "closing"
