"""How well the forecast of a month's cost does on simulated fleets, beside a run rate.

``python benchmarks/cost_forecast.py`` prints it.

Each seed is another fleet of the sandbox with births, deaths, resizes and credit notes over two years, billed by its
hidden price list. Its VM-days and invoices are taken from the simulation itself, so that many years fit in a minute.
"""

from __future__ import annotations

import argparse
from datetime import date, timedelta

import pandas as pd

from vmgen_analytics import PriceBook, allocated_costs
from vmgen_analytics.cost import cost_forecast_backtest
from vmgen_analytics.sandbox.billing import invoices
from vmgen_analytics.sandbox.clock import Days, instant
from vmgen_analytics.sandbox.fleet import fleet
from vmgen_analytics.schema import TABLES

TODAY = date(2026, 11, 3)


def backtested(seed: int, vms: int, months: int) -> pd.DataFrame:
    """Every forecast of every closed month of one fleet."""
    machines, days = fleet(seed, vms, TODAY, months), Days()
    prices, rows = {}, []
    for machine in machines.values():
        born, died = days.of(machine.born_at), TODAY if machine.died_at is None else days.of(machine.died_at)
        for tenure in machine.tenures:
            prices[tenure.package, machine.location.name] = float(tenure.monthly_price)
        day = max(born, date(TODAY.year, TODAY.month, 1) - timedelta(days=31 * months))
        while day <= died:
            rows.append((day, machine.vm_id, machine.name, machine.package(day), machine.location.name))
            day += timedelta(days=1)
    columns = list(zip(*rows, strict=True))
    vm_days = TABLES["vm_days"].frame(
        {
            "account": ["main"] * len(rows),
            "date": pd.to_datetime(pd.Series(columns[0])),
            "vm_id": columns[1],
            "vm_name": columns[2],
            "package": columns[3],
            "location": columns[4],
            "presence": ["seen"] * len(rows),
        }
    )
    last = [(day + pd.offsets.MonthEnd(0)) for day in pd.date_range(vm_days["date"].min(), TODAY, freq="MS")]
    billed = [
        invoice
        for day in last
        for invoice in invoices(seed, machines.values(), instant(f"{day:%Y-%m-%d}T23:59"), days)
        if day.date() < TODAY
    ]
    bills = TABLES["invoices"].frame(
        {
            "account": ["main"] * len(billed),
            "invoice_id": [invoice.invoice_id for invoice in billed],
            "seen_at": ["2026-11-03"] * len(billed),
            "invoice_date": pd.to_datetime([invoice.date for invoice in billed]),
            "total_cost": [float(invoice.total_cost) for invoice in billed],
        }
    )
    book = PriceBook.of(
        {"package": package, "location": location, "monthly_price": price}
        for (package, location), price in prices.items()
    )
    costs = allocated_costs(vm_days, bills, book)
    return cost_forecast_backtest(vm_days, costs, book, today=pd.Timestamp(TODAY)).assign(seed=seed, vms=vms)


def judged(forecasts: pd.DataFrame) -> pd.DataFrame:
    """Coverage of the intervals, and median errors beside the run rate's, by day of the month."""
    inside = (forecasts["low"] <= forecasts["actual"]) & (forecasts["actual"] <= forecasts["high"])
    rows = forecasts.assign(
        inside=inside,
        error=(forecasts["expected"] / forecasts["actual"] - 1).abs(),
        run_rate=(forecasts["run_rate"] / forecasts["actual"] - 1).abs(),
        day=forecasts["as_of"].dt.day,
    )
    bands = pd.cut(rows["day"], [0, 5, 10, 15, 20, 25, 31])
    return rows.groupby(bands, observed=True).agg(
        forecasts=("inside", "size"),
        coverage=("inside", "mean"),
        error=("error", "median"),
        run_rate_error=("run_rate", "median"),
    )


def main() -> None:
    """Print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--vms", type=int, default=40)
    parser.add_argument("--months", type=int, default=18)
    chosen = parser.parse_args()
    every = pd.concat([backtested(seed, chosen.vms, chosen.months) for seed in range(chosen.seeds)])
    found = judged(every)
    print(found.to_string(float_format="{:.3f}".format))
    inside = (every["low"] <= every["actual"]) & (every["actual"] <= every["high"])
    print(f"all days: {inside.mean():.1%} of the actual totals lie in the interval of 80 %")


if __name__ == "__main__":
    main()
