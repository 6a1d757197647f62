"""The price book, checked against the fleet, and prices estimated from invoices."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from done import Done

from vmgen_analytics import Archive, PriceBook
from vmgen_analytics.sandbox import Sandbox
from vmgen_analytics.schema import TABLES

Run = Callable[..., Done]


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    (tmp_path / "vmgen.toml").write_text('prices = "prices.csv"\n')
    return tmp_path / "prices.csv"


def test_each_line_says_what_it_prices_and_what_is_strange(run: Run, sandbox: Sandbox, settings: Path) -> None:
    lines = [f"{price['package']},{price['location']},{price['monthly_price']}" for price in sandbox.prices]
    settings.write_text("\n".join(["package,location,monthly_price", *lines, "Gigantic,,99", "Nano,Warsow,1"]) + "\n")
    run("sync")
    done = run("prices")
    assert done.status == 0
    assert f"line {len(lines) + 2}" in done.out
    assert "no such package is known" in done.out
    settings.write_text("package,location,monthly_price\n")
    assert "no line prices it" in run("prices").out


def test_without_a_book_or_enough_months_it_says_so(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    assert "fill it" in run("prices").err
    run("sync")
    assert "no price book" in run("prices").err
    done = run("prices", "--estimate")
    assert done.status == 2
    assert "prices cannot be estimated: 0 closed months with an invoice can be used, and 3 are needed" in done.err
    assert not (tmp_path / "estimated.csv").exists()


def test_estimated_prices_can_be_written_and_used(run: Run, settings: Path, tmp_path: Path) -> None:
    _archive(tmp_path / "data" / "archive", {"Small": 4.5, "Large": 21.0})
    done = run("prices", "--estimate", "--out", "prices.csv")
    assert (done.status, done.out) == (2, ""), "the setting names a book that is not there yet"
    settings.write_text("package,monthly_price\nSmall,4.40\n")
    done = run("prices", "--estimate", "--out", "estimated.csv")
    assert done.status == 0
    assert "estimated from 6 closed months" in done.out
    assert "4.40" in done.out
    assert "no line prices it" in done.out
    book = PriceBook.read(tmp_path / "estimated.csv")
    assert {price.package: price.monthly_price for price in book.prices} == pytest.approx(
        {"Small": 4.5, "Large": 21.0}, abs=0.02
    )
    again = run("prices", "--out", "estimated.csv")
    assert again.status == 2
    assert "is there already" in again.err
    (tmp_path / "vmgen.toml").write_text('prices = "estimated.csv"\n')
    assert "Nothing is strange" in run("prices").out


def _archive(folder: Path, prices: dict[str, float]) -> None:
    """Half a year of some VMs that come and go, and its invoices."""
    lives = [(number, "Small" if number % 3 else "Large", 11 * number) for number in range(14)]
    dates = pd.date_range("2026-01-01", "2026-06-30")
    alive = [
        (vm_id, package, date)
        for vm_id, package, born in lives
        for place, date in enumerate(dates)
        if place >= born or vm_id < 3
    ]
    seen = pd.DataFrame(alive, columns=["vm_id", "package", "seen_on"])
    archive = Archive(folder)
    rows = len(seen)
    archive.add(
        "vms",
        TABLES["vms"].frame(
            {
                "account": ["main"] * rows,
                **{name: seen[name] for name in ("vm_id", "package")},
                "seen_on": seen["seen_on"].dt.as_unit("us"),
                "vm_name": [f"vm-{vm_id}" for vm_id in seen["vm_id"]],
                "seen_at": seen["seen_on"].dt.tz_localize("UTC"),
            }
        ),
    )
    cost = seen["package"].map(prices) / seen["seen_on"].dt.days_in_month
    sums = cost.groupby(seen["seen_on"].dt.to_period("M")).sum().round(2)
    archive.add(
        "invoices",
        TABLES["invoices"].frame(
            {
                "account": ["main"] * len(sums),
                "invoice_id": list(range(1, len(sums) + 1)),
                "seen_at": [f"{month}-28" for month in sums.index],
                "invoice_date": [month.start_time for month in sums.index],
                "total_cost": sums.to_numpy(),
            }
        ),
    )
