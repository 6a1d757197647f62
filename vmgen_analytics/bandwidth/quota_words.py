"""The standing of a quota as a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from vmgen_analytics.wording import percent

if TYPE_CHECKING:
    from collections.abc import Mapping

WAYS = {"out": "sent", "in": "received", "max": "of the larger direction", "sum": "sent and received"}


def sentence(facts: Mapping[str, Any], highest: float, why: str) -> str:
    """Say how a quota stands.

    Parameters
    ----------
    facts
        A row of the table ``quota_status``, but for its sentence.
    highest
        The 97.5 % quantile of the month's total.
    why
        Why nothing is forecast, or what to know of the forecast.
    """
    so_far = f"{_who(facts)}: {_GB(facts['used_GB'])} GB {WAYS[str(facts['direction'])]} so far"
    so_far = f"{so_far} in {facts['month']:%B %Y}"
    if not isinstance(facts["group"], str):
        scope = facts["scope"]
        remedy = "; `vmgen-analytics locations` says what is missing" if scope == "location" else ""
        return f"{so_far}; no quota can be told, as their {scope} is not known{remedy}."
    if _is_missing(facts["quota_GB"]):
        return (
            f"{so_far}; no quota is known: {facts['policy']} takes it from the price book, which must have "
            "included_transfer_GB for each of their packages."
        )
    return f"{so_far}, of {_GB(facts['quota_GB'])} GB{_stand(facts, highest, why)}."


def _stand(facts: Mapping[str, Any], highest: float, why: str) -> str:
    note = f" ({why})" if why else ""
    chance = "" if _is_missing(facts["chance_over"]) else f", with a chance of {percent(facts['chance_over'])}"
    passed, early = _day(facts["exceeded_on"]), _day(facts["exceeded_early"])
    stands = {
        "unknown": f"; {why or 'no interval can be given'}",
        "exceeded": f": exceeded since {passed}{_expected(facts)}{note}",
        "not_expected": f"; not to be exceeded, even at the 97.5 % quantile of the forecast, {_GB(highest)} GB{note}",
        "expected": f": expected to be exceeded on {passed}{_between(facts)}{chance}{_expected(facts)}{note}",
        "possible": f": may be exceeded{chance}{f', on {early} at the earliest' if early else ''}"
        f"{_expected(facts)}{note}",
    }
    if not facts["days_estimated"] and facts["state"] == "not_expected":
        return f"; not exceeded{note}"
    return stands[facts["state"]]


def _who(facts: Mapping[str, Any]) -> str:
    if not isinstance(facts["group"], str):
        return f"{facts['vms']} VMs of account {facts['account']}"
    if facts["scope"] == "vm":
        return f"{facts['group']} (VM {facts['vm_id']})"
    count = f"{facts['vms']} VM" + ("s" if facts["vms"] != 1 else "")
    return f"{facts['scope']} {facts['group']} ({count})"


def _between(facts: Mapping[str, Any]) -> str:
    early, late = facts["exceeded_early"], facts["exceeded_late"]
    if pd.isna(early):
        return ""
    if pd.isna(late):
        return f" ({_day(early)} at the earliest, and perhaps not at all)"
    return f" (between {_day(early)} and {_day(late)})" if early != late else ""


def _expected(facts: Mapping[str, Any]) -> str:
    if _is_missing(facts["expected_GB"]):
        return ""
    interval = "" if _is_missing(facts["low_GB"]) else f" ({_GB(facts['low_GB'])} to {_GB(facts['high_GB'])})"
    said = f"; {_GB(facts['expected_GB'])} GB{interval} are expected by its end"
    if _is_missing(facts["overage_cost_high"]) or not facts["overage_cost_high"]:
        return said
    low, cost, high = (f"{facts[f'overage_cost{end}']:,.2f}" for end in ("_low", "", "_high"))
    return f"{said}, which costs {cost} ({low} to {high}) extra"


def _day(day: Any) -> str:
    return "" if pd.isna(day) else f"{day:%Y-%m-%d}"


def _GB(amount: float) -> str:  # noqa: N802 - units keep their spelling
    number = float(amount)
    return f"{number:,.0f}" if number >= 100 or number.is_integer() else f"{number:,.1f}"


def _is_missing(amount: float) -> bool:
    return bool(np.isnan(float(amount)))
