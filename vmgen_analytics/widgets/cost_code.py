"""The Python that reproduces what the cost panel shows, in the public names that a script uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmgen_analytics.settings import Allocation

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
    choices, months, mapping = answer.choices, answer.months, answer.settings.vm_locations
    if answer.data.ledger is None:
        return f"import vmgen_analytics as va\n\narchive = va.Archive({url!r})\narchive.tables()"
    start, end = answer.data.ledger.months[0], answer.data.ledger.months[-1] + 1
    located = f", vm_locations=va.read_vm_locations({mapping!r})" if mapping else ""
    chosen = f'(costs["month"] >= "{months.start}") & (costs["month"] < "{months.end}")'
    if choices.account is not None:
        chosen += f' & (costs["account"] == {choices.account!r})'
    lines = [
        "import pandas as pd",
        "",
        "import vmgen_analytics as va",
        "from vmgen_analytics import plots",
        "",
        f"archive = va.Archive({url!r})",
        f'days = va.vm_days(archive, "{start}", "{end}"{located})',
        'invoices = archive.read("invoices")',
        *_allocation(answer),
        f"costs = costs[{chosen}]",
        f'monthly = va.monthly_costs(costs, by="{choices.by}")',
        "",
        *_table(choices.by),
        "",
        f"ax = plots.monthly_costs({', '.join(_plot(answer))})",
    ]
    return "\n".join(lines)


def _allocation(answer: CostAnswer) -> list[str]:
    settings, accounts = answer.settings, answer.data.accounts
    how = [f"va.PriceBook.read({settings.prices!r})"] if settings.prices else []
    if settings.allocation.key:
        how.append(f"key={settings.allocation.key!r}")
    if dict(settings.allocation.weights) != dict(Allocation().weights):
        how.append(f"weights={dict(settings.allocation.weights)!r}")
    periods = {account: settings.invoice_period(account) for account in accounts}
    if len(accounts) == 1:
        period = [f"invoice_period={periods[accounts[0]]!r}"] if periods[accounts[0]] != "same-month" else []
        return [f"costs = va.allocated_costs({', '.join(['days', 'invoices', *how, *period])})"]
    billed = 'invoices[invoices["account"] == account]'
    return [
        f"periods = {periods!r}",
        "costs = pd.concat(",
        f"    va.allocated_costs({', '.join(['days', billed, *how, 'invoice_period=period'])})",
        "    for account, period in periods.items()",
        ")",
    ]


def _table(by: str) -> list[str]:
    keys = ["account", "vm_id"] if by == "vm_id" else [by]
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
