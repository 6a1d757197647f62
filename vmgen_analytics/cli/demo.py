"""``vmgen-analytics demo``: the whole road on a simulated provider, without an account, a key or a network."""

from __future__ import annotations

import csv
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import pandas as pd
import typer

from vmgen_analytics.api import Client
from vmgen_analytics.archive import Archive
from vmgen_analytics.bandwidth import monthly_bandwidth
from vmgen_analytics.cli.extras import needs
from vmgen_analytics.cli.terminal import progress, say, set_verbosity, show, typed_name
from vmgen_analytics.cost import monthly_costs
from vmgen_analytics.errors import SettingsError
from vmgen_analytics.ledger import read_ledger
from vmgen_analytics.schema import MB_PER_GB
from vmgen_analytics.settings import FILE_NAME, Settings
from vmgen_analytics.syncing import sync

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vmgen_analytics.ledger import Ledger
    from vmgen_analytics.sandbox import Sandbox

MARKER = ".vmgen-demo"
DAYS_BETWEEN_SYNCS = 5
SETTINGS = """\
# Settings of the demo. A real file looks the same, but for its account.
archive = "archive"
currency = "EUR"
prices = "prices.csv"
vm_locations = "vm_locations.csv"
cost_centres = "cost_centres.csv"
budgets = "budgets.csv"

[accounts.demo]                         # simulated, and gone: no real account may be synced into this archive
base_url = "http://127.0.0.1:9"
key_env = "NO_KEY_OF_THE_DEMO"
"""


CENTRES = (
    ("web-*", "Web shop"),
    ("api-*", "Web shop"),
    ("db-*", "Platform"),
    ("cache-*", "Platform"),
    ("mail-*", "Office"),
    ("vpn-*", "Office"),
)
"""Who pays for what in the demo; what has another name is unassigned, as it is wherever rules have a hole."""


def demo(
    directory: Annotated[Path, typer.Option("--dir", help="Folder for the demo's files.", metavar="DIR")] = Path(
        "demo"
    ),
    vms: Annotated[int, typer.Option(help="How many VMs the simulated fleet has.", min=1, max=2_000)] = 24,
    seed: Annotated[int, typer.Option(help="Another seed is another fleet.")] = 7,
    months: Annotated[int, typer.Option(help="Months of history, this one included.", min=1, max=36)] = 4,
    verbose: Annotated[int, typer.Option("--verbose", "-v", count=True, help="Say more.")] = 0,
) -> None:
    """Show everything on a simulated provider: sync months of history, write the report, say where to look next."""
    from vmgen_analytics.report import write_report  # noqa: PLC0415 - loads matplotlib

    set_verbosity(verbose)
    now = datetime.now(UTC)
    with progress("simulating months of syncs", len(list(instants(now, months)))) as step:
        settings = simulated(directory, now=now, vms=vms, seed=seed, months=months, progress=step)
    archive = Archive(settings.archive)
    with progress("writing the report"):
        files = write_report(archive, None, directory / "report", settings=settings)
    held = archive.months()
    _tell(read_ledger(archive, settings, held[0], held[-1]), settings.currency)
    _say_where_next(directory, [files.html, files.xlsx], held[max(len(held) - 2, 0)])


def simulated(
    directory: Path | str,
    *,
    now: datetime,
    vms: int = 24,
    seed: int = 7,
    months: int = 4,
    progress: Callable[[str], None] = lambda _: None,
) -> Settings:
    """Fill a folder with an archive of a simulated account, and with the settings that go with it.

    Parameters
    ----------
    directory
        The folder; an archive that an earlier call left there is replaced.
    now
        The end of the history.
    vms, seed
        The simulated fleet.
    months
        Months of history, this one included.
    progress
        Is told each day of a sync.

    Returns
    -------
    Settings
        Those of the folder's ``vmgen.toml``: archive, prices, locations, cost centres, budgets, currency.

    Raises
    ------
    SettingsError
        The folder cannot be used, or the sandbox is not installed.
    """
    with needs("sandbox"):
        from vmgen_analytics.sandbox import Sandbox  # noqa: PLC0415 - an extra that not everyone installs
    directory = Path(directory)
    _prepare(directory)
    now = now.replace(microsecond=0)
    with Sandbox(vms=vms, seed=seed, today=now, months=months + 1, ticking=False) as sandbox:
        _write_settings(directory, sandbox)
        with Client(sandbox.key, base_url=sandbox.url, account="demo") as client:
            for instant in instants(now, months):
                progress(f"{instant:%Y-%m-%d}")
                sandbox.set_clock(instant)
                sync(client, Archive(directory / "archive"))
    _write_budgets(directory, now, Archive(directory / "archive"))
    return Settings.load(directory / FILE_NAME, environ={})


def instants(now: datetime, months: int) -> Iterator[datetime]:
    """When the demo syncs: every few days at noon, around each turn of the month, and now.

    Parameters
    ----------
    now
        The last one.
    months
        Months of history, this one included.
    """
    first = (pd.Timestamp(now).tz_localize(None).to_period("M") - (months - 1)).to_timestamp().tz_localize(UTC)
    day = first.to_pydatetime()
    while day < now:
        if day.day % DAYS_BETWEEN_SYNCS == 1:
            yield from (day + timedelta(hours=12),) if day + timedelta(hours=12) < now else ()
        if (day + timedelta(days=1)).day == 1:
            turn = day + timedelta(days=1)
            yield from (at for at in (turn - timedelta(minutes=10), turn + timedelta(minutes=5)) if at < now)
        day += timedelta(days=1)
    yield now


def _prepare(directory: Path) -> None:
    """Make the folder, or empty it of an earlier demo's archive.

    Raises
    ------
    SettingsError
        It holds files and no demo made it, or it cannot be written.
    """
    marker, archive = directory / MARKER, directory / "archive"
    try:
        if directory.exists() and not marker.exists() and any(directory.iterdir()):
            raise SettingsError(f"{directory} holds files that no demo made; choose an empty or a new --dir")
        directory.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(archive, ignore_errors=True)
        marker.write_text("This folder was made by vmgen-analytics demo, which may empty it.\n", encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"cannot write {directory}: {error.strerror or error}; choose another --dir") from None


def _write_settings(directory: Path, sandbox: Sandbox) -> None:
    """Write what a user would know and the API does not tell: prices, where most VMs stand, and who pays."""
    (directory / FILE_NAME).write_text(SETTINGS, encoding="utf-8")
    _write_csv(directory / "prices.csv", price_lines(sandbox.prices))
    known = [vm for vm in sandbox.truth.vms if vm.vm_id % 8]
    _write_csv(
        directory / "vm_locations.csv",
        [{"vm_id": vm.vm_id, "location": vm.location, "note": vm.name} for vm in known],
    )
    _write_csv(directory / "cost_centres.csv", [{"name": name, "cost_centre": centre} for name, centre in CENTRES])


def _write_budgets(directory: Path, now: datetime, archive: Archive) -> None:
    """Write budgets as someone would who knows last month's invoice: a little more than that, most of it for two."""
    month = pd.Timestamp(now).tz_localize(None).to_period("M")
    invoices = archive.read("invoices")
    spent = invoices.loc[invoices["invoice_date"].dt.to_period("M") == month - 1, "total_cost"].sum()
    amount = max(round(float(spent) * 1.02, -1), 100.0)
    parts = {"": 1.0, "Web shop": 0.45, "Platform": 0.2}
    _write_csv(
        directory / "budgets.csv",
        [
            {"cost_centre": centre, "period": str(each), "amount": round(part * amount)}
            for each in (month - 1, month)
            for centre, part in parts.items()
        ],
    )


def price_lines(prices: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Write a price list as a price book: a line for everywhere, and one for each location that differs."""
    lines: dict[tuple[str, str], float] = {}
    for price in prices:
        everywhere = lines.setdefault((price["package"], ""), price["monthly_price"])
        if price["monthly_price"] != everywhere:
            lines[price["package"], price["location"]] = price["monthly_price"]
    return [
        {"package": package, "location": location, "monthly_price": amount, "currency": "EUR"}
        for (package, location), amount in sorted(lines.items())
    ]


def _write_csv(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]) if rows else ["vm_id", "location", "note"])
        writer.writeheader()
        writer.writerows(rows)


def _tell(ledger: Ledger, currency: str) -> None:
    """Print a line a month: what was spent and sent, and how well it is known."""
    spent = monthly_costs(ledger.costs).set_index("month")["allocated_cost"]
    traffic = monthly_bandwidth(ledger.days, ()).set_index("month")
    fleet = ledger.days.groupby(ledger.days["date"].dt.to_period("M"))["vm_id"].nunique()
    rows = [
        {
            "month": str(month),
            "VMs": int(fleet.get(month, 0)),
            f"spent {currency}".strip(): "–" if (cost := spent.get(month)) is None else f"{cost:,.2f}",
            "out GB": f"{traffic['out_MB'].get(month, 0.0) / MB_PER_GB:,.0f}",
            "in GB": f"{traffic['in_MB'].get(month, 0.0) / MB_PER_GB:,.0f}",
            "VM-days with traffic": f"{traffic['days_covered'].get(month, 0)} of "
            f"{traffic['days_expected'].get(month, 0)}",
        }
        for month in ledger.months
    ]
    show(pd.DataFrame(rows), "What the archive now holds, synced from the simulated provider")


def _say_where_next(directory: Path, files: list[Path], month: pd.Period) -> None:
    program, settings = typed_name(), directory / FILE_NAME
    say("The report of the newest month:")
    for path in files:
        say(f"  {path.resolve()}")
    say("Next, on the same data:")
    say(f"  {program} status --config {settings}")
    say(f"  {program} report --config {settings} --month {month}")
    say(f"  {program} export monthly_costs --config {settings}")
    say(f"  {program} dashboard --config {settings}    (the same as web pages, without code)")
    say(f"  {program} lab --config {settings}          (the notebooks, in JupyterLab)")
    say(f"With an account of your own: set VMGEN_API_KEY, then {program} sync")
