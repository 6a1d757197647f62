"""The Python that reproduces what the cost panel shows, in the public names that a script uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmgen_analytics.schema import MACHINE
from vmgen_analytics.settings import Account, Allocation
from vmgen_analytics.widgets.scripts import of_nothing, script, unusual

if TYPE_CHECKING:
    from vmgen_analytics.widgets.cost_answer import CostAnswer


def reproduction(answer: CostAnswer, url: str) -> str:
    """Write a script that ends with ``table``, which equals the panel's, and ``ax``, its chart.

    Parameters
    ----------
    answer
        What the panel shows.
    url
        Where its archive is.

    Returns
    -------
    str
        Python, with every month resolved and no secret in it.
    """
    choices, ledger = answer.choices, answer.data.ledger
    if ledger is None:
        return of_nothing(url)
    lines = [
        f"archive = va.Archive({url!r})",
        f"settings = va.Settings({', '.join(_settings(answer))})",
        f'ledger = va.read_ledger(archive, settings, "{ledger.months[0]}", "{ledger.months[-1]}")',
        "costs = ledger.costs",
        *choices.scope.python("costs"),
        *([] if choices.cost_centre is None else [f'costs = costs[costs["cost_centre"] == {choices.cost_centre!r}]']),
        *(_changes(answer) if answer.is_of_changes else _months(answer)),
    ]
    return script(lines, _imported(answer))


def _months(answer: CostAnswer) -> list[str]:
    by, months = answer.choices.by, answer.months
    return [
        f'costs = costs[(costs["month"] >= "{months.start}") & (costs["month"] < "{months.end}")]',
        f'monthly = va.monthly_costs(costs, by="{by}")',
        "",
        *_table(by),
        "",
        f"ax = plots.monthly_costs({', '.join(_plot(answer))})",
    ]


def _changes(answer: CostAnswer) -> list[str]:
    by = ', by="vm_id"' if answer.choices.by == "vm_id" else ""
    currency = f", currency={answer.currency!r}" if answer.currency else ""
    return [
        f'table = va.cost_changes(costs, "{answer.changed_month}"{by})',
        "",
        f"ax = plots.cost_changes(table, top={answer.choices.top}{currency})",
    ]


FILES = ("time_zone", "prices", "cost_centres", "shared_costs", "transfer_policy", "vm_locations")
"""Settings beside those of accounts and of allocation that decide what a table holds."""


def _imported(answer: CostAnswer) -> list[str]:
    text = " ".join(_settings(answer))
    names = [name for name in ("Account", "Allocation") if f"{name}(" in text]
    return [f"from vmgen_analytics.settings import {', '.join(names)}"] if names else []


def _settings(answer: CostAnswer) -> list[str]:
    """Write the settings that decide what a table holds, where they are not the usual ones."""
    settings, accounts = answer.settings, []
    arguments = unusual(settings, FILES)
    for account in answer.data.accounts:
        found = settings.accounts.get(account, Account())
        own = [
            f"{name}={getattr(found, name)!r}"
            for name in ("invoice_period", "time_zone")
            if getattr(found, name) != getattr(Account(), name)
        ]
        accounts += [f"{account!r}: Account({', '.join(own)})"] if own else []
    arguments += [f"accounts={{{', '.join(accounts)}}}"] if accounts else []
    if settings.allocation != Allocation():
        how = {"key": settings.allocation.key, "weights": dict(settings.allocation.weights)}
        arguments.append(f"allocation=Allocation({', '.join(f'{name}={value!r}' for name, value in how.items())})")
    return arguments


def _table(by: str) -> list[str]:
    keys = [*MACHINE] if by == "vm_id" else [by]
    names = f'table.insert(0, "vm_name", monthly.groupby({keys!r}, dropna=False)["vm_name"].last())'
    return [
        'table = monthly.assign(month=monthly["month"].astype("str"))',
        f'table = table.pivot(index={keys!r}, columns="month", values="allocated_cost").rename_axis(columns=None)',
        'table["total"] = table.sum(axis=1).round(6)',
        *([names] if by == "vm_id" else []),
        'table = table.sort_values("total", ascending=False, kind="stable").reset_index()',
    ]


def _plot(answer: CostAnswer) -> list[str]:
    arguments = ["monthly", f"top={answer.choices.top}"]
    if answer.currency:
        arguments.append(f"currency={answer.currency!r}")
    if answer.open_month in list(answer.months):
        arguments.append(f'open_month=pd.Period("{answer.open_month}")')
    return arguments
