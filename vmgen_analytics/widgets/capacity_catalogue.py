"""What the capacity panel says of what is on offer."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

from vmgen_analytics import plots
from vmgen_analytics.plots import labels
from vmgen_analytics.widgets import panel
from vmgen_analytics.widgets.capacity_question import amount, short_day
from vmgen_analytics.wording import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from vmgen_analytics.widgets.capacity_question import Question

PRICE_PER = {
    "vcpus": "price_per_vcpu_month",
    "ram_GB": "price_per_ram_GB_month",
    "disk_GB": "price_per_disk_GB_month",
}
TOLD = 4
"""So many packages that are gone or resized are named above the picture."""
SINGULAR = {"vcpus": "vCPU", "ram_GB": "GB of memory", "disk_GB": "GB of disk"}


class CatalogueShown:
    """What is on offer and was, for how much, and what another one beats."""

    def __init__(self, question: Question) -> None:
        self.asked = question
        self.size = "ram_GB" if question.measure == "vms" else question.measure
        """What packages are compared by: VMs have no size."""

    @cached_property
    def table(self) -> pd.DataFrame:
        """Table ``package_catalogue`` of the part."""
        return self.asked.part.of(self.asked.data.planning.catalogue).reset_index(drop=True)

    @cached_property
    def offered(self) -> pd.DataFrame:
        """Those of them that are on offer."""
        return self.table[self.table["is_offered"]]

    @cached_property
    def beaten(self) -> pd.Series:
        """What beats each package on offer; without those that nothing beats."""
        offered = self.offered
        return (offered["dominated_by"] + ", same place").fillna(offered["dominated_elsewhere"]).dropna()

    @property
    def name(self) -> str:
        """What the files are called."""
        return "package_catalogue"

    def sentence(self) -> str:
        """Say how much is on offer, and how much of it another one beats."""
        where = self.asked.where
        if self.table.empty:
            return f"No package{where} was ever seen on offer"
        packages, places = self.offered["package"].nunique(), self.offered["location_id"].nunique()
        said = f"{counted(packages, 'package')}{where} on offer in {counted(places, 'location')}"
        if self.offered["monthly_price"].isna().all():
            return f"{said}; what they cost is not known"
        if self.beaten.empty:
            return f"{said}, and none that another one beats"
        one = self.offered.loc[self.beaten.index[0]]
        is_here = isinstance(one["dominated_by"], str)
        by = one["dominated_by"] if is_here else one["dominated_elsewhere"]
        beats = f"{one['package']} in {_place(one)} by {by}"
        return f"{said}; {counted(len(self.beaten), 'offer')} beaten by another one, as {beats}"

    def notices(self) -> list[str]:
        """Say what has no price, what is gone, and what has another size than before."""
        if self.table.empty:
            if self.asked.data.planning.catalogue.empty:
                return ["No sync has brought a catalogue yet: sync, then press Read again."]
            return ["Choose another account, location or package."]
        sentences = []
        unpriced = sorted(self.offered.loc[self.offered["monthly_price"].isna(), "package"].unique())
        if self.asked.data.planning.prices is None:
            sentences.append("What packages cost is not known: let the setting prices name a price book.")
        elif unpriced:
            sentences.append(f"The price book has no price for {', '.join(unpriced)}: not compared.")
        changed = [
            f"{row['package']} in {_place(row)} is offered no more: last seen on {labels.day_name(row['until_min'])}."
            for _, row in self.table[~self.table["is_offered"]].iterrows()
        ]
        changed += [
            f"{row['package']} in {_place(row)} has another size since {labels.day_name(row['resized_on'])}."
            for _, row in self.offered[self.offered["resized_on"].notna()].iterrows()
        ]
        if len(changed) > TOLD:
            more = f"{len(changed) - TOLD:,} more offers are gone or have another size: the table has them."
            changed = [*changed[:TOLD], more]
        return sentences + changed

    def numbers(self) -> list[tuple[str, str, str]]:
        """How many are on offer, the cheapest, the best buys, and how many are beaten."""
        asked, offered = self.asked, self.offered
        places = counted(offered["location_id"].nunique(), "location")
        numbers = [("Packages on offer", f"{offered['package'].nunique():,}", f"{len(offered):,} offers in {places}")]
        priced = offered.dropna(subset=["monthly_price"])
        if len(priced):
            cheapest = priced.sort_values("monthly_price", kind="stable").iloc[0]
            price = labels.money(cheapest["monthly_price"], asked.currency)
            numbers.append(("The cheapest a month", price, f"{cheapest['package']} in {_place(cheapest)}"))
        per = priced.dropna(subset=[PRICE_PER[self.size]])
        if len(per):
            best = per.sort_values(PRICE_PER[self.size], kind="stable").iloc[0]
            price = _fine(best[PRICE_PER[self.size]], asked.currency)
            numbers.append(
                (f"Cheapest {SINGULAR[self.size]}", price, f"{best['package']} in {_place(best)}, all of its price")
            )
        if len(priced):
            remark = "no less of anything for no more" if len(self.beaten) else "every one is worth its price"
            numbers.append(("Beaten by another", f"{len(self.beaten):,}", remark))
        if gone := int((~self.table["is_offered"]).sum()):
            numbers.append(("Offered no more", f"{gone:,}", "in two complete looks or more"))
        return numbers

    def axes(self) -> Axes:
        """Draw price against size."""
        return plots.package_catalogue(self.table, measure=self.size, currency=self.asked.currency)

    def printed(self) -> str:
        """The table; prices do not add up to anything."""
        several = len(self.asked.data.accounts) > 1
        rows = [
            [
                str(row["package"]),
                *([str(row["account"])] if several else []),
                _place(row),
                *(amount(row[size]) for size in PRICE_PER),
                labels.money(row["monthly_price"]),
                _fine(row[PRICE_PER[self.size]]),
                str(self.beaten.get(place, "")),
                short_day(row["since_max"]),
                "on offer" if row["is_offered"] else f"until {short_day(row['until_min'])}",
            ]
            for place, row in self._ordered().iterrows()
        ]
        unit = f" [{self.asked.currency}]" if self.asked.currency else ""
        sizes = ["vCPUs", "Memory [GB]", "Disk [GB]"]
        prices = [f"A month{unit}", f"Per {SINGULAR[self.size]}{unit}"]
        head = [
            "Package",
            *(["Account"] if several else []),
            "Location",
            *sizes,
            *prices,
            "Beaten by",
            "Seen since",
            "State",
        ]
        texts = {1, len(head) - 3, len(head) - 2, len(head) - 1} | ({2} if several else set())
        return panel.table(head, rows, (), "Packages by location", texts)

    def small_print(self) -> list[str]:
        """Say what a price is, and what beaten means."""
        return [
            "Prices are those of the price book: the provider tells none.",
            "Beaten: another package on offer gives no less vCPU, memory and disk for no more.",
            "A price per vCPU or GB is all of the price divided by it.",
        ]

    def python(self) -> list[str]:
        """Lines that make the table and the chart."""
        currency = f", currency={self.asked.currency!r}" if self.asked.currency else ""
        return [
            "table = planning.catalogue",
            *self.asked.part.python("table"),
            "table = table.reset_index(drop=True)",
            "",
            f'ax = plots.package_catalogue(table, measure="{self.size}"{currency})',
        ]

    def _ordered(self) -> pd.DataFrame:
        order = ["is_offered", "location", "monthly_price", "package"]
        return self.table.sort_values(order, ascending=[False, True, True, True], kind="stable")


def _place(row: pd.Series) -> str:
    return str(row["location"]) if isinstance(row["location"], str) else f"location {row['location_id']}"


def _fine(price: float, currency: str = "") -> str:
    """Print a price with digits that count: a GB of disk costs parts of a cent."""
    return labels.money(price, currency, decimals=2 if pd.isna(price) or price >= 1 else 4)
