"""The VMs that share a quota: what they moved day by day, and how much is included for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vmgen_analytics.schema import SETTLED, machine_key
from vmgen_analytics.transfer import holding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from vmgen_analytics.transfer import TransferPolicy

    Numbers = NDArray[np.float64]

KNOWN_SHARE = 0.9
"""Part of a pool's VMs that must have a final report of a day, so that the day is known; the others are filled in."""

USUAL_DAYS = 28
TERMS = ["included_transfer_GB", "overage_price_per_GB"]
BOTH = ["in_MB", "out_MB"]
DAY = pd.Timedelta(days=1)


@dataclass(frozen=True)
class Pools:
    """Quotas of a month, and the traffic that counts for each, in the order of the rows.

    Attributes
    ----------
    about
        A row a pool: policy (its number), account, group (name of the VM, package, location or account), vm_id and
        incarnation (of a VM's own), vms, quota_GB and price (by GB; both missing where unknown), and whether any of its
        VMs is still there (is_living).
    first_day, known
        By in_MB and out_MB: days until yesterday of the VMs that are still there, missing where too few have a final
        report.
    reported
        The same of the month until today, as far as anything was reported at all, pools by days.
    gone
        The same of VMs that are no more; it counts, and nothing follows from it.
    """

    about: pd.DataFrame
    first_day: np.datetime64
    known: dict[str, Numbers]
    reported: dict[str, Numbers]
    gone: dict[str, Numbers]


def is_about_any(days: pd.DataFrame, policies: Sequence[TransferPolicy], today: pd.Timestamp) -> bool:
    """Tell whether a policy that holds today is about any VM-day of the month.

    Parameters
    ----------
    days
        Table ``vm_days``.
    policies
        Transfer policies.
    today
        The day that is not over.
    """
    month = days[(days["date"] <= today) & (days["date"] >= today.replace(day=1))]
    return bool((holding(month, policies, today) >= 0).any())


def pools(
    days: pd.DataFrame, policies: Sequence[TransferPolicy], today: pd.Timestamp, terms: pd.DataFrame | None
) -> Pools:
    """Find the quotas that hold today, and lay out the traffic of each.

    Parameters
    ----------
    days
        Table ``vm_days``.
    policies
        Transfer policies; the first one that is about a VM and holds today decides.
    today
        The day that is not over.
    terms
        included_transfer_GB and overage_price_per_GB of each VM-day, for policies that leave them to the price book.

    Returns
    -------
    Pools
        Those with a VM in the month; there must be one.
    """
    wanted = (days["date"] <= today).to_numpy()
    machine = machine_key(days)
    rows = days.loc[wanted, [*machine, "date", "vm_name", "package", "location", *BOTH, "status"]]
    for name in TERMS:
        rows[name] = np.nan if terms is None else terms[name].to_numpy()[wanted]
    rows["policy"] = holding(rows, policies, today)
    rows = rows[rows["policy"] >= 0]
    rows["machine"] = rows.groupby(machine).ngroup()
    rows["member"] = _members(rows, policies)
    rows["in_month"] = rows["date"].dt.to_period("M") == today.to_period("M")
    key = ["policy", "account", "member"]
    rows["pool"] = rows.groupby(key, dropna=False).ngroup()
    rows = rows[rows["pool"].isin(rows.loc[rows["in_month"], "pool"])]
    rows["pool"] = rows["pool"].rank(method="dense").astype("int64") - 1
    month = rows[rows["in_month"]]
    newest = rows.groupby("account")["date"].max().rename("newest")
    is_newest = rows["date"] == rows[["account"]].join(newest, on="account")["newest"]
    living = rows.loc[is_newest, "machine"]
    lives, lived = (each["machine"].isin(living) for each in (rows, month))
    about = _about(month.assign(is_newest=is_newest), policies, today)
    return Pools(
        about,
        *_known(rows[lives], len(about), today),
        _reported(month[lived], len(about), today),
        _reported(month[~lived], len(about), today),
    )


def _members(rows: pd.DataFrame, policies: Sequence[TransferPolicy]) -> pd.Series:
    """What tells the quotas of a policy apart, as text; missing for VMs of an unknown package or location."""
    scopes = rows["policy"].map({number: policy.scope for number, policy in enumerate(policies)})
    member = rows["account"].where(scopes == "account", rows["machine"].astype("str"))
    for name in ("package", "location"):
        member = member.where(scopes != name, rows[name])
    return member


def _about(rows: pd.DataFrame, policies: Sequence[TransferPolicy], today: pd.Timestamp) -> pd.DataFrame:
    """Describe each pool by its VM-days of the month."""
    grouped = rows.sort_values("date", kind="stable").groupby("pool")
    about = grouped[[*dict.fromkeys(["policy", "account", "member", *machine_key(rows)]), "vm_name"]].last()
    about["vms"] = grouped["machine"].nunique()
    scopes = about["policy"].map({number: policy.scope for number, policy in enumerate(policies)})
    is_vm = scopes == "vm"
    about["group"] = about["vm_name"].fillna("VM " + about["vm_id"].astype("str")).where(is_vm, about["member"])
    for name in machine_key(rows)[1:]:
        about[name] = about[name].astype("Int64").where(is_vm)
    about["is_living"] = grouped["is_newest"].any()
    to_come = (today.days_in_month - rows["date"].dt.day).where(rows["is_newest"], 0)
    rows = rows.assign(to_come=to_come, length=today.days_in_month)
    quotas = {pool: _terms(part, policies[int(part["policy"].iloc[0])]) for pool, part in rows.groupby("pool")}
    found = pd.DataFrame.from_dict(quotas, orient="index", columns=["quota_GB", "price"], dtype="float64")
    return about.join(found)


def _terms(rows: pd.DataFrame, policy: TransferPolicy) -> tuple[float, float]:
    """How much is included for the VM-days of a pool, as if those of its newest day went on, and the price of a GB."""
    length = int(rows["length"].iloc[0])
    if not np.isnan(policy.quota_GB):
        lasting = (rows["date"].nunique() + rows["to_come"].max()) / length if policy.accrual == "daily" else 1.0
        quota = policy.quota_GB * float(lasting)
    elif policy.accrual == "daily":
        quota = float((rows[TERMS[0]] * (1 + rows["to_come"]) / length).sum(skipna=False))
    else:
        quota = float(rows.groupby("machine")[TERMS[0]].max().sum()) if rows[TERMS[0]].notna().all() else np.nan
    if not np.isnan(policy.overage_price_per_GB):
        return quota, policy.overage_price_per_GB
    weights = rows[BOTH].sum(axis=1)
    weights = weights if weights.sum() > 0 else weights + 1
    return quota, float((rows[TERMS[1]] * weights).sum(skipna=False) / weights.sum())


def _known(rows: pd.DataFrame, count: int, today: pd.Timestamp) -> tuple[np.datetime64, dict[str, Numbers]]:
    """Lay out the days that are over; of VMs without a final report their usual day counts, where they are few."""
    over = rows[rows["date"] < today]
    settled = over["status"].isin(SETTLED)
    recent = over[settled & (over["date"] >= today - USUAL_DAYS * DAY)]
    first = over["date"].min() if len(over) else today
    length = (today - first).days
    at = over["pool"].to_numpy(), (over["date"] - first).dt.days.to_numpy()
    found: dict[str, Numbers] = {}
    usual = recent.groupby("machine")[BOTH].median()
    for name in BOTH:
        is_known = (settled & over[name].notna()).to_numpy()
        own = usual[name].reindex(over["machine"]).to_numpy()
        filled = np.where(is_known, over[name].to_numpy(), np.fmax(np.nan_to_num(over[name].to_numpy()), own))
        sums, knowing, being = (np.zeros((count, length)) for _ in range(3))
        np.add.at(sums, at, np.nan_to_num(filled))
        np.add.at(knowing, at, is_known)
        np.add.at(being, at, 1)
        shares = np.divide(knowing, being, out=np.zeros_like(being), where=being > 0)
        found[name] = np.where(shares >= KNOWN_SHARE, sums, np.nan)
    return first.to_datetime64().astype("datetime64[D]"), found


def _reported(rows: pd.DataFrame, count: int, today: pd.Timestamp) -> dict[str, Numbers]:
    at = rows["pool"].to_numpy(), rows["date"].dt.day.to_numpy() - 1
    found = {}
    for name in BOTH:
        sums = np.zeros((count, today.days_in_month))
        np.add.at(sums, at, rows[name].fillna(0).to_numpy())
        found[name] = sums
    return found
