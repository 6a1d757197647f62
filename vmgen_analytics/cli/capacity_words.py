"""What `capacity` says: its tables cut to 80 columns, and its sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vmgen_analytics.wording import percent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vmgen_analytics.capacity import Plan

NAMES = {
    "vms": "VMs",
    "vcpus": "vCPUs",
    "ram_GB": "RAM",
    "disk_GB": "disk",
    "list_cost": "list cost",
    "included_transfer_GB": "included transfer",
    "vm_share": "largest location's share",
}
UNKNOWN = "–"
SHOWN_MONTHS = 12
NOWHERE = "unknown location"
DISPERSED = 2.0


def footprint_sentence(footprint: pd.DataFrame) -> str:
    """Tell what exists in all."""
    sums = footprint[["vms", "vcpus", "ram_GB", "disk_GB"]].sum(min_count=1)
    known = float(np.average(footprint["known_share"], weights=footprint["vms"]))
    lacking = "" if known == 1 else f"; the size of {percent(1 - known)} of the VMs is unknown and not in it"
    noun = "VM" if sums["vms"] == 1 else "VMs"
    return (
        f"{sums['vms']:,.0f} {noun} on {footprint['date'].max():%Y-%m-%d}: {number(sums['vcpus'])} vCPUs, "
        f"{number(sums['ram_GB'])} GB of RAM, {number(sums['disk_GB'])} GB of disk{lacking}."
    )


def footprint_rows(footprint: pd.DataFrame) -> pd.DataFrame:
    """Show what exists in each location."""
    ordered = footprint.sort_values("vms", ascending=False, kind="stable")
    return pd.DataFrame(
        {
            "location": ordered["location"].fillna(NOWHERE),
            "VMs": ordered["vms"],
            "vCPUs": ordered["vcpus"].map(number),
            "RAM GB": ordered["ram_GB"].map(number),
            "disk GB": ordered["disk_GB"].map(number),
            "size known": ordered["known_share"].map(percent),
        }
    )


def growth_sentence(rate: pd.Series, *, is_one_of_several: bool) -> str:
    """Tell births, deaths and churn, with their intervals."""
    owner = f"Growth of account {rate['account']}" if is_one_of_several else "Growth"
    if pd.isna(rate["births_per_month"]):
        return f"{owner}: {rate['reason']}."
    churn = (
        f"; {percent(rate['churn'], 1)} of the VMs go each month "
        f"({percent(rate['churn_low'], 1)} to {percent(rate['churn_high'], 1)})"
        if pd.notna(rate["churn"])
        else f"; {rate['reason']}"
    )
    batches = (
        " Births come in batches, so the intervals are too narrow." if rate["birth_dispersion"] >= DISPERSED else ""
    )
    return (
        f"{owner}: {rate['births_per_month']:.1f} births a month (80 %: {rate['births_per_month_low']:.1f} to "
        f"{rate['births_per_month_high']:.1f}) and {rate['deaths_per_month']:.1f} deaths "
        f"({rate['deaths_per_month_low']:.1f} to {rate['deaths_per_month_high']:.1f}) over {rate['months']:.1f} months"
        f"{churn}.{batches}"
    )


def changes_rows(changes: pd.DataFrame) -> pd.DataFrame:
    """Show births and deaths of the last months, all accounts together."""
    columns = ["days_observed", "vms_start", "entered", "births", "deaths", "vms_end"]
    sums = changes.groupby("month")[columns].sum().reset_index().tail(SHOWN_MONTHS)
    longest = changes.groupby("month")["days_observed"].max().reindex(sums["month"]).to_numpy()
    return pd.DataFrame(
        {
            "month": sums["month"].astype("str"),
            "days observed": longest,
            "VMs": sums["vms_start"],
            "first seen": sums["entered"],
            "births": sums["births"],
            "deaths": sums["deaths"],
            "VMs at its end": sums["vms_end"],
        }
    )


def forecast_sentence(forecast: pd.DataFrame) -> str:
    """Tell how many VMs there may be at the end of the horizon."""
    vms = forecast[forecast["measure"] == "vms"]
    last = vms.iloc[-1]
    if last["reason"]:
        return f"What it grows to cannot be told: {last['reason']}."
    return (
        f"If that goes on, {last['middle']:,.0f} VMs on {last['date']:%Y-%m-%d}; in eight of ten futures between "
        f"{last['low']:,.0f} and {last['high']:,.0f}."
    )


def lifetime_sentence(lifetime: pd.Series) -> str:
    """Tell how old VMs become."""
    if lifetime["reason"]:
        return f"How old VMs become cannot be told: {lifetime['reason']}."
    high = "beyond what was observed" if pd.isna(lifetime["median_high_d"]) else f"{lifetime['median_high_d']:.0f} days"
    return (
        f"Half of the VMs become older than {lifetime['median_d']:.0f} days (80 %: {lifetime['median_low_d']:.0f} days "
        f"to {high}), by {lifetime['deaths']} deaths of {lifetime['vms']} VMs whose birth is known."
    )


def limit_rows(forecast: pd.DataFrame) -> pd.DataFrame:
    """Show each limit with its dates."""
    return pd.DataFrame(
        {
            "limit": forecast["limit"],
            "used": forecast["used_share"].map(lambda share: UNKNOWN if pd.isna(share) else percent(share)),
            "1 in 10": forecast["reached_p10"].map(day),
            "half": forecast["reached_p50"].map(day),
            "9 in 10": forecast["reached_p90"].map(day),
            "state": forecast["state"],
        }
    )


def catalogue_sentences(catalogue: pd.DataFrame, *, has_prices: bool) -> Iterator[str]:
    """Tell what is on offer, what is gone, and what is a bad buy."""
    offered = catalogue[catalogue["is_offered"]]
    gone = catalogue[~catalogue["is_offered"]]
    places = offered["location_id"].nunique()
    yield f"On offer: {len(offered)} packages, counted in each of {places} locations."
    for _, package in gone.iterrows():
        yield (
            f"{package['package']} in {package['location']} is offered no more: last seen on "
            f"{package['until_min']:%Y-%m-%d}, gone by {package['until_max']:%Y-%m-%d}."
        )
    unpriced = sorted(set(offered.loc[offered["monthly_price"].isna(), "package"]))
    if not has_prices:
        yield "Which packages are a bad buy cannot be told without a price book; let the setting prices name one."
    elif unpriced:
        yield f"Not compared, as the price book has no price for them: {', '.join(unpriced)}."
    if has_prices and dominated_rows(catalogue).empty:
        yield "No package on offer is a bad buy: none gives less than another for as much or more."


def dominated_rows(catalogue: pd.DataFrame) -> pd.DataFrame:
    """Show the packages that another one dominates."""
    found = catalogue[catalogue["dominated_by"].notna() | catalogue["dominated_elsewhere"].notna()]
    return pd.DataFrame(
        {
            "package": found["package"],
            "in": found["location"].fillna(NOWHERE),
            "a month": found["monthly_price"].map("{:,.2f}".format),
            "better there": found["dominated_by"].fillna(UNKNOWN),
            "better elsewhere": found["dominated_elsewhere"].fillna(UNKNOWN),
        }
    )


def plan_sentences(found: pd.DataFrame, plan: Plan) -> Iterator[str]:
    """Tell what the plan changes, and what a move means."""
    totals = found[found["is_total"]].set_index("measure")
    vms, cost = totals.loc["vms"], totals.loc["list_cost"]
    money: str = (
        f"list cost cannot be told ({cost['reason']})"
        if pd.isna(cost["change"])
        else f"list cost {cost['before']:,.2f} to {cost['after']:,.2f} {cost['unit']} ({cost['change']:+,.2f})"
    )
    steps = "1 step" if len(plan.steps) == 1 else f"{len(plan.steps)} steps"
    yield (
        f"The plan ({steps}): {vms['before']:,.0f} VMs become {vms['after']:,.0f}, and {money}. Nothing was sent to "
        "the provider."
    )
    if any(step.action == "move" for step in plan.steps):
        yield (
            "A move is a deletion and a new deployment: addresses change, and what is on the disk does not come along."
        )


def plan_totals(found: pd.DataFrame) -> pd.DataFrame:
    """Show every number of the whole fleet."""
    totals = found[found["is_total"]]
    return pd.DataFrame(
        {
            "": totals["measure"].map(NAMES),
            "before": [_in_unit(*pair) for pair in zip(totals["before"], totals["unit"], strict=True)],
            "after": [_in_unit(*pair) for pair in zip(totals["after"], totals["unit"], strict=True)],
            "change": [_changed(*pair) for pair in zip(totals["change"], totals["unit"], strict=True)],
            "unit": totals["unit"].replace("1", ""),
        }
    )


def plan_places(found: pd.DataFrame) -> pd.DataFrame:
    """Show VMs, cost and share of each location."""
    places = found[~found["is_total"]].assign(location=found["location"].fillna(NOWHERE))
    wide = places.pivot_table(
        index="location", columns="measure", values=["before", "after"], sort=False, dropna=False, aggfunc="first"
    )

    def pair(measure: str, unit: str) -> list[str]:
        both = zip(wide["before", measure], wide["after", measure], strict=True)
        return [f"{_in_unit(before, unit)} → {_in_unit(after, unit)}" for before, after in both]

    return pd.DataFrame(
        {
            "location": wide.index,
            "VMs": pair("vms", "VM"),
            "share": pair("vm_share", "1"),
            "vCPUs": pair("vcpus", "vCPU"),
            "list cost": pair("list_cost", "/month"),
        }
    )


def plan_reasons(found: pd.DataFrame) -> Iterator[str]:
    """Tell why numbers of the total are missing."""
    for _, row in found[found["is_total"] & (found["reason"] != "")].iterrows():
        yield f"{NAMES[row['measure']]}: {row['reason']}."


def number(amount: float) -> str:
    """Write an amount as it is, with commas."""
    return UNKNOWN if pd.isna(amount) else f"{amount:,.10g}"


def day(when: pd.Timestamp) -> str:
    """Write a day."""
    return UNKNOWN if pd.isna(when) else f"{when:%Y-%m-%d}"


def _changed(amount: float, unit: str) -> str:
    """Write a change; one of a share in points, of which a per cent is a hundredth."""
    if unit == "1" and not np.isnan(amount):
        return f"{100 * amount:+.1f} pp"
    return _in_unit(amount, unit, "+")


def _in_unit(amount: float, unit: str, sign: str = "") -> str:
    if np.isnan(amount):
        return UNKNOWN
    if unit == "1":
        return percent(amount, sign=sign)
    return f"{amount:{sign},.2f}" if unit.endswith("/month") and unit != "GB/month" else f"{amount:{sign},.10g}"
