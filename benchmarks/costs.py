"""How quickly a year of 10,000 VMs is given its invoices, exact to the millionth, beside rivals that do not add up.

    pip install -e '.[benchmark]' && python benchmarks/costs.py

Every rival computes list costs from the same price book and divides the same invoices in the same run, from tables of
its own that are made before the clock starts, into a table of its own with the same columns; its shares are rounded to
the millionth one by one, so that the parts miss the invoice. Figures of time are noisy on a shared machine: each is
the best of several runs, taken in turn, and what counts are the ratios.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from vmgen_analytics import PriceBook, allocated_costs, monthly_costs
from vmgen_analytics.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable

VMS, RUNS, PACKAGES = 10_000, 5, 8
PLACES = ("Warsaw", "New York", "Dallas", "Amsterdam")
DESCRIBING = ["vm_name", "fqdn", "package", "location"]


def year() -> pd.DataFrame:
    """Table ``vm_days`` of 10,000 VMs through 2025."""
    dates = pd.date_range("2025-01-01", "2026-01-01", freq="D", unit="us", inclusive="left")
    vm = np.tile(np.arange(VMS), len(dates))

    def text(values: list[str], which: Any) -> Any:
        return pd.array(values, dtype="str").take(which)

    one = np.zeros(len(vm), dtype="int64")
    size = (vm % PACKAGES + 1).astype("float64")
    names = [f"vm-{number:05}" for number in range(VMS)]
    columns = {
        "account": text(["main"], one),
        "date": np.repeat(dates, VMS),
        "vm_id": vm,
        "vm_name": text(names, vm),
        "fqdn": text([f"{name}.example.net" for name in names], vm),
        "package": text([f"Package {number}" for number in range(PACKAGES)], vm % PACKAGES),
        "vcpus": size,
        "ram_GB": size * 2,
        "disk_GB": size * 20,
        "location": text(list(PLACES), vm // PACKAGES % len(PLACES)),
        "continent": text(["Europe"], one),
        "location_evidence": text(["user_mapping"], one),
        "state": text(["UP"], one),
        "presence": text(["seen"], one),
        "in_MB": np.random.default_rng(1).random(len(vm)),
        "out_MB": np.random.default_rng(2).random(len(vm)),
        "status": text(["final"], one),
    }
    return TABLES["vm_days"].check(pd.DataFrame(columns), unique=False)


def invoices() -> pd.DataFrame:
    """One invoice a month."""
    months = pd.date_range("2025-01-01", periods=12, freq="MS")
    return TABLES["invoices"].frame(
        {
            "account": ["main"] * 12,
            "invoice_id": list(range(1, 13)),
            "seen_at": ["2026-01-01T00:00:00Z"] * 12,
            "invoice_date": months,
            "status": ["created"] * 12,
            "total_cost": [123_456.78 + number for number in range(12)],
        }
    )


def price_list() -> pd.DataFrame:
    """A price for every package and location."""
    return pd.DataFrame(
        [
            {"package": f"Package {number}", "location": place, "monthly_price": 5.0 * (number + 1) + extra}
            for number in range(PACKAGES)
            for extra, place in enumerate(PLACES)
        ]
    )


def with_pandas(days: pd.DataFrame, bills: pd.DataFrame, prices: pd.DataFrame) -> Callable[[], Any]:
    bills = bills.assign(month=bills["invoice_date"].dt.to_period("M"))[
        ["account", "month", "invoice_id", "total_cost"]
    ]
    days = days[["account", "date", "vm_id", *DESCRIBING]]
    prices = prices.astype({"package": "str", "location": "str"})

    def run() -> pd.DataFrame:
        table = days.assign(month=days["date"].dt.to_period("M"))
        table = table.merge(prices, on=["package", "location"], how="left")
        table["list_cost"] = table.pop("monthly_price") / table["date"].dt.days_in_month
        table = table.merge(bills, on=["account", "month"], how="inner")
        table["ratio"] = table["list_cost"] / table.groupby("invoice_id")["list_cost"].transform("sum")
        table["allocated_cost"] = (table["ratio"] * table.pop("total_cost")).round(6)
        return table.assign(key="price_book", key_value=table["list_cost"])

    return run


def with_duckdb(days: pd.DataFrame, bills: pd.DataFrame, prices: pd.DataFrame) -> Callable[[], Any]:
    import duckdb
    import pyarrow as pa

    base = duckdb.connect()
    for name, frame in (("days", days), ("invoices", bills.drop(columns="seen_at")), ("prices", prices)):
        base.register("given", pa.Table.from_pandas(frame, preserve_index=False))
        base.execute(f"create table {name} as select * from given")

    def run() -> Any:
        return base.execute("""
            create or replace table costs as
            with listed as (
                select account, date, vm_id, vm_name, fqdn, package, location, date_trunc('month', date) as month,
                    monthly_price / day(last_day(date)) as list_cost
                from days left join prices using (package, location)
            )
            select l.*, invoice_id, 'price_book' as key, list_cost as key_value,
                list_cost / sum(list_cost) over (partition by invoice_id) as ratio,
                round(list_cost / sum(list_cost) over (partition by invoice_id) * total_cost, 6) as allocated_cost
            from listed l join invoices i on l.account = i.account and l.month = date_trunc('month', i.invoice_date)
        """)

    def result() -> pd.DataFrame:
        run()
        return base.execute("select invoice_id, allocated_cost from costs").df()

    run.result = result  # type: ignore[attr-defined]  # a function may carry what the check reads after it
    return run


def with_polars(days: pd.DataFrame, bills: pd.DataFrame, prices: pd.DataFrame) -> Callable[[], Any]:
    import polars as pl

    ours = pl.from_pandas(days[["account", "date", "vm_id", *DESCRIBING]]).lazy()
    theirs = pl.from_pandas(bills[["account", "invoice_id", "invoice_date", "total_cost"]]).lazy()
    book = pl.from_pandas(prices).lazy()

    def run() -> Any:
        month = pl.col("date").dt.truncate("1mo")
        listed = ours.join(book, on=["package", "location"], how="left").with_columns(
            month.alias("month"), (pl.col("monthly_price") / pl.col("date").dt.days_in_month()).alias("list_cost")
        )
        billed = theirs.with_columns(pl.col("invoice_date").dt.truncate("1mo").alias("month")).drop("invoice_date")
        ratio = pl.col("list_cost") / pl.col("list_cost").sum().over("invoice_id")
        return (
            listed.join(billed, on=["account", "month"], how="inner")
            .with_columns(
                ratio.alias("ratio"), pl.col("list_cost").alias("key_value"), pl.lit("price_book").alias("key")
            )
            .with_columns((pl.col("ratio") * pl.col("total_cost")).round(6).alias("allocated_cost"))
            .drop("total_cost", "monthly_price")
            .collect()
        )

    return run


def seconds(runs: dict[str, Callable[[], Any]]) -> dict[str, float]:
    """Seconds of the quickest of several runs of each, taken in turn so that all share the machine's moods."""
    best = dict.fromkeys(runs, float("inf"))
    for _ in range(RUNS):
        for name, run in runs.items():
            began = time.perf_counter()
            run()
            best[name] = min(best[name], time.perf_counter() - began)
    return best


def missed(costs: Any, bills: pd.DataFrame) -> int:
    """How many of the invoices the parts do not add up to."""
    columns = {name: np.asarray(costs[name]) for name in ("invoice_id", "allocated_cost")}
    parts = pd.Series(np.rint(columns["allocated_cost"] * 1e6).astype("int64")).groupby(columns["invoice_id"]).sum()
    totals = (bills.set_index("invoice_id")["total_cost"] * 1e6).round().astype("int64")
    return int((parts.reindex(totals.index) != totals).sum())


def main() -> None:
    days, bills, prices = year(), invoices(), price_list()
    book = PriceBook.of(prices.to_dict("records"))
    print(f"{len(days):,} VM-days, {len(bills)} invoices, {len(prices)} prices: seconds, beside ours, invoices missed")
    runs: dict[str, Callable[[], Any]] = {"vmgen_analytics": lambda: allocated_costs(days, bills, book)}
    for name, make in (("pandas", with_pandas), ("DuckDB", with_duckdb), ("Polars", with_polars)):
        try:
            runs[name] = make(days, bills, prices)
        except ModuleNotFoundError as error:
            print(f"  {name:16} left out: {error.name} is not installed")
    took = seconds(runs)
    for name, run in runs.items():
        result = getattr(run, "result", run)()
        print(
            f"  {name:16} {took[name]:6.2f} s   {took[name] / took['vmgen_analytics']:5.2f} x   "
            f"{missed(result, bills):2} of {len(bills)}"
        )
    ratio = took["vmgen_analytics"] / took["pandas"]
    rivals = [name for name in took if name != "vmgen_analytics"]
    print(f"  ours / pandas = {ratio:.2f} (goal: under 1.5); ahead of " + ", ".join(
        name for name in rivals if took["vmgen_analytics"] < took[name]
    ))  # fmt: skip
    costs = allocated_costs(days, bills, book)
    print(f"The costs of these {len(costs):,} VM-days by month and group")
    groupings = ("location", "vm_id", ["vm_id", "package", "location"])
    for by, took_s in zip(
        groupings, seconds({str(by): lambda by=by: monthly_costs(costs, by) for by in groupings}).values(), strict=True
    ):
        print(f"  {by!s:34} {took_s:6.2f} s")


if __name__ == "__main__":
    main()
