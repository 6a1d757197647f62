"""Draw every picture of the gallery and write its page, by the lines that stand in it.

    pip install -e '.[sandbox]' && python docs/gallery.py

It fills an archive from the simulated provider, with a fixed fleet and a fixed day, draws each picture by the very line
that the page shows, and writes ``docs/images/*.png``, ``docs/gallery.md`` and the words of the README's pictures.
``--demo DIR`` keeps the archive for the next time; ``--text`` draws nothing and writes the words only.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HERE = Path(__file__).parent
PAGE, IMAGES, README = HERE / "gallery.md", HERE / "images", HERE.parent / "README.md"
NOW, VMS, SEED, MONTHS = datetime(2026, 11, 23, 14, tzinfo=UTC), 24, 7, 12
DPI = 130


@dataclass(frozen=True)
class Shown:
    """A picture: the function that draws it, the question that it answers, and the line that makes it."""

    name: str
    question: str
    line: str


SETUP = """\
import vmgen_analytics as va
from vmgen_analytics import plots

settings = va.Settings.load("demo/vmgen.toml")
archive = va.Archive(settings.archive)
months, currency = archive.months(), settings.currency
ledger = va.read_ledger(archive, settings, months[0], months[-1])
known = va.read_planning(archive, settings)
costs, days, jobs = ledger.costs, known.days, archive.read("jobs")
today = days["date"].max()
month, recent = today.to_period("M"), days[days["date"] >= "2026-08-01"]

forecast = va.cost_forecast(days, costs, ledger.prices, today=today)
budgets = va.budget_status(ledger.budgets, costs, forecast, today=today)
unusual = va.bandwidth_anomalies(recent, jobs)
quotas = va.quota_status(days, [va.TransferPolicy(quota_GB=500, source="a supposed quota")], today=today)
nearest = quotas[quotas["state"] == "expected"].head(1)
its_days = days[days["vm_id"].isin(nearest["vm_id"])]
limits = va.capacity_forecast([va.Limit("vms", 30.0)], known.lifetimes, known.syncs, days)
growth = va.footprint_forecast(known.lifetimes, known.syncs, days)
plan = va.Plan.of([{"action": "add", "count": 3, "package": "Large", "location": "Warsaw"}])
"""

GALLERY: dict[str, Sequence[Shown]] = {
    "Money": (
        Shown(
            "monthly_costs",
            "What did each month cost, and where?",
            'plots.monthly_costs(va.monthly_costs(costs, by="location"), currency=currency, open_month=month)',
        ),
        Shown(
            "cost_changes",
            "Why did the bill change?",
            "plots.cost_changes(va.cost_changes(costs, month - 1), currency=currency)",
        ),
        Shown(
            "cost_forecast",
            "What will this month have cost?",
            "plots.cost_forecast(forecast, monthly=va.monthly_costs(costs), budgets=budgets, currency=currency)",
        ),
        Shown("budget_status", "Which budgets hold?", "plots.budget_status(budgets, currency=currency)"),
        Shown(
            "unit_costs",
            "What does a VM, a vCPU, a GB cost?",
            "plots.unit_costs(va.unit_costs(costs, days), currency=currency, open_month=month)",
        ),
        Shown(
            "reconciliation",
            "Does it match the invoices, and if not, why?",
            "plots.reconciliation(va.reconciliation(ledger.invoices, costs), currency=currency)",
        ),
    ),
    "Traffic": (
        Shown("calendar_map", "Which days were busy?", "plots.calendar_map(va.daily_bandwidth(days))"),
        Shown("daily_bandwidth", "How much, day by day?", "plots.daily_bandwidth(va.daily_bandwidth(recent))"),
        Shown(
            "monthly_bandwidth",
            "Which VMs moved how much?",
            "plots.monthly_bandwidth(va.monthly_bandwidth(days), month=month - 1)",
        ),
        Shown("top_talkers", "Who sends most?", 'plots.top_talkers(va.top_talkers(days, n=10), direction="out")'),
        Shown(
            "bandwidth_anomalies",
            "What was unusual, and what coincides with it?",
            "plots.bandwidth_anomalies(unusual, daily=va.daily_bandwidth(recent))",
        ),
        Shown(
            "anomaly_contributions",
            "Which VMs make up an anomaly?",
            'plots.anomaly_contributions(va.anomaly_contributions(recent, anomalies=unusual["anomaly"].head(1)))',
        ),
        Shown("quota_status", "Which quotas will be exceeded?", "plots.quota_status(quotas)"),
        Shown(
            "quota_fan",
            "When is this one used up?",
            "plots.quota_fan(nearest, daily=va.daily_bandwidth(its_days))",
        ),
    ),
    "Capacity": (
        Shown("footprint", "What runs where?", "plots.footprint(va.footprint(days))"),
        Shown(
            "footprint_multiples",
            "How does each location grow by itself?",
            'plots.footprint_multiples(va.footprint(days), measure="vcpus")',
        ),
        Shown(
            "fleet_changes",
            "How many VMs come and go?",
            "plots.fleet_changes(va.fleet_changes(known.lifetimes, known.syncs))",
        ),
        Shown(
            "vm_survival", "How old do VMs become?", "plots.vm_survival(va.vm_survival(known.lifetimes, known.syncs))"
        ),
        Shown(
            "footprint_forecast",
            "When is a limit reached?",
            "plots.footprint_forecast(growth, past=va.footprint(days), limits=limits)",
        ),
        Shown(
            "package_catalogue",
            "Which packages are a bad buy?",
            "plots.package_catalogue(known.catalogue, currency=currency)",
        ),
        Shown(
            "what_if",
            "What would a plan change?",
            "plots.what_if(va.what_if(days, plan, known.catalogue, known.prices, known.policies))",
        ),
        Shown(
            "idle_vms",
            "Which VMs seem to do nothing?",
            "plots.idle_vms(va.idle_vms(days, jobs, va.rated_costs(days, known.prices)), currency=currency)",
        ),
    ),
}


def page() -> str:
    """Write the gallery as Markdown, by what is said here and what the images say of themselves."""
    about = (
        "Each picture draws one table of the same name and is made by the line above it. All are of the simulated "
        f"fleet of `vmgen-analytics demo --months {MONTHS} --vms {VMS} --seed {SEED}` on {NOW:%d %B %Y}, and of one "
        "look, which is in `vmgen_analytics/plots/style.py`. A VM has its colour wherever it appears; what is not "
        "known is a gap or a sentence. `plots.png(ax)` turns a picture into a file, `plots.alt_text(ax)` into words."
    )
    parts = ["# Gallery", about, f"```python\n{SETUP}```"]
    for heading, pictures in GALLERY.items():
        parts.append(f"## {heading}")
        for shown in pictures:
            parts += [f"### {shown.question}", f"```python\n{shown.line}\n```"]
            parts.append(f"![{_escaped(_description(shown.name))}](images/{shown.name}.png)")
    parts.append("This page and its images are written by `python docs/gallery.py`.")
    return "\n\n".join(parts) + "\n"


def _description(name: str) -> str:
    with Image.open(IMAGES / f"{name}.png") as image:
        return str(image.info["Description"])


def _escaped(text: str) -> str:
    return text.replace("[", r"\[").replace("]", r"\]").replace("\n", " ")


def readme(text: str) -> str:
    """Give each picture in the README the words that it says of itself."""
    picture = re.compile(r"!\[.*\]\(docs/images/(\w+)\.png\)")
    return picture.sub(lambda found: f"![{_escaped(_description(found[1]))}](docs/images/{found[1]}.png)", text)


def draw(demo: Path) -> None:
    """Draw each picture by its line and write it to the images.

    Parameters
    ----------
    demo
        Folder of the demo; the lines look for it under the name of ``demo``.
    """
    names: dict[str, Any] = {}
    with contextlib.chdir(demo.parent):
        exec(SETUP, names)
        for shown in (each for pictures in GALLERY.values() for each in pictures):
            png = names["plots"].png(eval(shown.line, names), dpi=DPI)
            (IMAGES / f"{shown.name}.png").write_bytes(png)
            print(f"{shown.name}: {len(png) / 1000:.0f} kB")


@contextlib.contextmanager
def _demo(kept: Path | None) -> Iterator[Path]:
    """Fill an archive from the simulated provider, or take the one that an earlier call has kept."""
    from vmgen_analytics.cli.demo import simulated  # noqa: PLC0415 - the page alone needs no sandbox

    with tempfile.TemporaryDirectory() as folder:
        demo = (kept or Path(folder)) / "demo"
        if not (demo / "vmgen.toml").exists():
            print(f"simulating {MONTHS} months of syncs; this takes a minute or two")
            demo.parent.mkdir(parents=True, exist_ok=True)
            simulated(demo, now=NOW, vms=VMS, seed=SEED, months=MONTHS)
        yield demo


def main() -> None:
    """Write the images and the page."""
    parser = argparse.ArgumentParser(description="Write docs/images and docs/gallery.md.")
    parser.add_argument("--demo", type=Path, metavar="DIR", help="keep the simulated archive there, for the next time")
    parser.add_argument("--text", action="store_true", help="write the page only")
    asked = parser.parse_args()
    if not asked.text:
        for name in [name for name in os.environ if name.startswith("VMGEN_")]:
            del os.environ[name]
        IMAGES.mkdir(exist_ok=True)
        with _demo(asked.demo.resolve() if asked.demo else None) as demo:
            draw(demo)
    PAGE.write_text(page(), encoding="utf-8")
    README.write_text(readme(README.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
