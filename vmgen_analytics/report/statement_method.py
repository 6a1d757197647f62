"""How a statement was worked out, in plain words: for somebody who has to answer for the numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from vmgen_analytics.plots.labels import day_name, month_name
from vmgen_analytics.report.gaps import KEYS
from vmgen_analytics.report.shape import joined
from vmgen_analytics.schema import UNASSIGNED
from vmgen_analytics.wording import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vmgen_analytics.cost.cost_centres import Rule
    from vmgen_analytics.cost.shared_costs import SharedCost
    from vmgen_analytics.report.statement_month import StatementMonth

SPLITS: Mapping[str, str] = {
    "even": "is spread evenly",
    "direct_cost": "is spread in proportion to what each has of its own in the month",
    "weight": "is spread by the weights of the file",
    "fixed": "is spread by fixed percents, and the rest stays",
}

BILLED = (
    "The provider bills one sum for all VMs of an account and names no price for a single one. What a VM costs is "
    "therefore an estimate; what is billed are the sums."
)


@dataclass(frozen=True)
class Explanation:
    """A heading with sentences below it, and what is listed after them."""

    heading: str
    sentences: tuple[str, ...]
    items: tuple[str, ...] = ()


def method(of: StatementMonth, cost_centre: str, lines: pd.DataFrame) -> tuple[Explanation, ...]:
    """Explain a statement.

    Parameters
    ----------
    of
        The month.
    cost_centre
        Whose statement.
    lines
        Table ``cost_statement`` of this cost centre.

    Returns
    -------
    tuple of Explanation
        State, division of the invoices, rules, shared costs, rounding and sources; what does not apply is left out.
    """
    found = (_state(of), _division(of, cost_centre), _rules(of, cost_centre, lines), _shared(of, lines), _rounding(of))
    return (*(each for each in found if each is not None), _sources(of))


def _state(of: StatementMonth) -> Explanation:
    month = month_name(of.facts.month)
    if of.state == "closed":
        invoices = (
            f"{month} is closed: its invoices and the days of its VMs stay as they were known then; later changes are "
            "corrections, with their reasons, of the month that is open."
        )
        division = (
            "They are divided by the prices, locations and rules of the day of this print: where these files change, a "
            "later print may differ."
        )
        return Explanation("Is this final?", (invoices, division, *missing(of)))
    why = (
        f"{month} is not over: more days, traffic and invoices will come"
        if of.state == "open"
        else f"{month} is over but not closed yet: its last days and invoices may still come"
    )
    sentence = f"No, it is PROVISIONAL. {why}, and the amounts will change."
    return Explanation("Is this final?", (sentence, *missing(of)))


def missing(of: StatementMonth) -> tuple[str, ...]:
    """Say what no statement has: what is not invoiced yet, account by account, and invoices without a total."""
    month = month_name(of.facts.month)
    not_invoiced = tuple(
        f"Account {account} has no amount invoiced for {month} yet: what its {counted(vms, 'VM')} cost is in no "
        "statement, and is added to them once an invoice bills it, also after the month has closed."
        for account, vms in of.facts.not_invoiced(of.facts.month).items()
    )
    without_total = tuple(
        f"Invoice {number} of account {account} has no total yet, and no statement has it; sync again."
        for account, number in of.facts.without_total(of.facts.month)
    )
    return (*not_invoiced, *without_total)


def divided_by(of: StatementMonth) -> tuple[str, ...]:
    """Name the files that the division followed, with what tells their versions apart."""
    if not of.files:
        return ()
    files = joined([str(file) for file in of.files])
    return (f"Divided by {files}: when each file was changed last, and the beginning of its SHA-256 digest.",)


def _division(of: StatementMonth, cost_centre: str) -> Explanation:
    costs = of.facts.of_month(of.facts.costs)
    keys = [key for key in costs["key"].unique() if key != "unallocated"]
    sentences = [BILLED]
    if keys:
        by = " and ".join(KEYS.get(key, key) for key in keys)
        sentences.append(
            f"Each invoice is divided over the VMs and days of the month that it bills, in proportion to {by} (key "
            f"{joined(keys)})."
        )
    if inferred := _inferred(of, cost_centre):
        sentences.append(
            f"{counted(inferred, 'day')} of VMs in this statement {'is' if inferred == 1 else 'are'} inferred: the VM "
            "was seen before and after, not on that day."
        )
    return Explanation("From the invoices to a VM", tuple(sentences))


def _inferred(of: StatementMonth, cost_centre: str) -> int:
    key = ["account", "date", "vm_id"]
    costs = of.facts.of_month(of.facts.costs)
    own = costs[(costs["cost_centre"] == cost_centre) & (costs["shared_from"] == "") & costs["vm_id"].notna()]
    days = of.facts.of_month(of.facts.days)
    inferred = days.loc[days["presence"] == "inferred", key].astype({"vm_id": "Int64"})
    return len(own[key].drop_duplicates().merge(inferred, on=key, how="inner", validate="one_to_one"))


def _rules(of: StatementMonth, cost_centre: str, lines: pd.DataFrame) -> Explanation:
    if cost_centre == UNASSIGNED:
        sentence = "No rule gives these costs to a cost centre. They stay here, visible, until one does."
        return Explanation("From a VM to a cost centre", (sentence,))
    says = {
        share.source: f"{share.source}: {rule.says}, {share.percent:g} %{_valid(rule)}"
        for rule in of.centres.rules
        for share in rule.shares
    }
    spread = cost_centre in of.shared.names
    used = lines.loc[lines["counterpart"].isna(), "rule"].dropna().unique()
    applied = [says[rule] for rule in says if (rule in used if not spread else _gives(of, rule, cost_centre))]
    sentence = (
        "Ordered rules say who pays for a VM: the first one that fits it and is valid on the day decides, for a "
        "correction on the first day of the month that it corrects."
    )
    if not applied:
        return Explanation("From a VM to a cost centre", (sentence, "No rule gives this cost centre a VM this month."))
    with_rules = "Its rules are these:" if spread else "These were applied here:"
    return Explanation("From a VM to a cost centre", (sentence, with_rules), tuple(applied))


def _gives(of: StatementMonth, source: str, cost_centre: str) -> bool:
    """Tell whether a line gives something to a cost centre."""
    return any(
        share.source == source and share.cost_centre == cost_centre
        for rule in of.centres.rules
        for share in rule.shares
    )


def _shared(of: StatementMonth, lines: pd.DataFrame) -> Explanation | None:
    used = set(lines.loc[lines["counterpart"].notna(), "rule"].dropna())
    rules = [each for each in of.shared.shared if used & {each.source, *(target.source for target in each.targets)}]
    if not rules:
        return None
    sentence = (
        "Cost centres that nobody is to pay alone are spread over others, each month by itself, credits included."
    )
    return Explanation("Shared costs", (sentence,), tuple(_spread(each) for each in rules))


def _spread(shared: SharedCost) -> str:
    weights = [f"{target.cost_centre} {target.weight:g}" for target in shared.targets]
    names = [target.cost_centre for target in shared.targets]
    sign = " %" if shared.split == "fixed" else ""
    whom = [f"{each}{sign}" for each in weights] if shared.split in ("weight", "fixed") else names
    over = f" over {joined(whom)}" if whom else " over all that have costs of their own"
    return f"{shared.source}: {shared.cost_centre} {SPLITS[shared.split]}{over}{_valid(shared)}"


def _valid(rule: Rule | SharedCost) -> str:
    """Say in which days a rule is valid; nothing where it always is."""
    start = "" if rule.valid_from == pd.Timestamp.min else f" from {rule.valid_from:%Y-%m-%d}"
    end = "" if rule.valid_to == pd.Timestamp.max else f" until {rule.valid_to - pd.Timedelta(days=1):%Y-%m-%d}"
    return f", valid{start}{end}{'' if end else ' on'}" if start or end else ""


def _rounding(of: StatementMonth) -> Explanation:
    month, total = month_name(of.facts.month), of.facts.money(of.total)
    sentence = (
        "Costs are computed in whole millionths, which together equal each invoice exactly, and printed in cents. The "
        "cents are chosen so that the lines add up to the total of this statement, and all statements of "
        f"{month} to the invoices, {total}: a number may differ from its exact value by less than a cent."
    )
    return Explanation("Rounding", (sentence,))


def _sources(of: StatementMonth) -> Explanation:
    facts = of.facts
    fetched = "at an unknown time"
    if facts.fetched_at is not None:
        at = facts.fetched_at.tz_convert("UTC")
        fetched = f"on {day_name(at)} at {at:%H:%M} UTC"
    currency = (
        f"Amounts are in {facts.currency}." if facts.currency else "No currency is set: amounts are bare numbers."
    )
    zones = ", ".join(facts.zones)
    sentences = [
        f"Invoices and VMs are as the provider's API showed them when they were last fetched, {fetched}.",
        f"Days and months are those of the time zone {zones}. {currency}",
    ]
    if facts.incomplete:
        sentences.append(f"The last fetch was not complete: {joined(facts.incomplete)}.")
    return Explanation("Where it comes from", (*sentences, *divided_by(of)))
