"""Tables about what runs, what it costs and whether that matches, made by hand."""

import numpy as np
import pandas as pd

from vmgen_analytics.capacity.poisson import LEVEL, poisson_interval
from vmgen_analytics.schema import TABLES


def changes_in(months, births, deaths, *, days=None, start=10, **values):
    """Table fleet_changes of one account, month by month; ``days`` observed, by default all."""
    months = pd.PeriodIndex(months, freq="M")
    ends = {
        name: np.array([poisson_interval(count, LEVEL) for count in counts], dtype=float).reshape(-1, 2)
        for name, counts in (("births", births), ("deaths", deaths))
    }
    after = start + np.cumsum(births) - np.cumsum(deaths)
    columns = {
        "account": ["main"] * len(months),
        "month": months,
        "days_observed": days or months.days_in_month,
        "vms_start": after - births + deaths,
        "entered": [0] * len(months),
        "births": births,
        "births_low": ends["births"][:, 0],
        "births_high": ends["births"][:, 1],
        "deaths": deaths,
        "deaths_low": ends["deaths"][:, 0],
        "deaths_high": ends["deaths"][:, 1],
        "unsure": [0] * len(months),
        "vms_end": after,
        "vm_days": after * 30,
    }
    return TABLES["fleet_changes"].frame(columns | values)


def survival_of(*curves, group=None):
    """Table vm_survival from (name, ages, VMs observed at each, parts that become older)."""
    parts = [
        pd.DataFrame(
            {
                "account": "main",
                "age_d": ages,
                **({group: name} if group else {}),
                "at_risk": at_risk,
                "deaths": [1] * len(ages),
                "censored": [0] * len(ages),
                "survival": survival,
                "survival_low": np.array(survival) * 0.8,
                "survival_high": np.minimum(np.array(survival) * 1.1, 1.0),
            }
        )
        for name, ages, at_risk, survival in curves
    ]
    return TABLES["vm_survival"].frame({name: list(values) for name, values in pd.concat(parts).items()})


def idle_of(*rows):
    """Table idle_vms from (name, kind, cost a month, confidence)."""
    names, kinds, costs, confidence = zip(*rows, strict=True)
    number = len(rows)
    day = pd.Timestamp("2026-11-22")
    return TABLES["idle_vms"].frame(
        {
            "account": ["main"] * number,
            "vm_id": range(1000, 1000 + number),
            "vm_name": list(names),
            "package": ["Small"] * number,
            "location": ["Paris"] * number,
            "kind": list(kinds),
            "confidence": list(confidence),
            "first_day": [day - pd.Timedelta(days=13)] * number,
            "last_day": [day] * number,
            "days_used": [14] * number,
            "quiet_days": [13 - place % 13 for place in range(number)],
            "in_MB_per_day": [5.0] * number,
            "out_MB_per_day": [3.0] * number,
            "list_cost_per_month": list(costs),
            "evidence": ["sent at most 86 MB"] * number,
        }
    )


def effect_of(*rows):
    """Table what_if from (location or None for all, measure, unit, before, after, reason)."""
    places, measures, units, before, after, reasons = (list(column) for column in zip(*rows, strict=True))
    before, after = np.array(before, dtype=float), np.array(after, dtype=float)
    return TABLES["what_if"].frame(
        {
            "position": range(1, len(rows) + 1),
            "is_total": [place is None for place in places],
            "location": places,
            "measure": measures,
            "unit": units,
            "before": before,
            "after": after,
            "change": after - before,
            "reason": reasons,
        }
    )


def matches_of(*rows, account="main"):
    """Table reconciliation from (month, invoiced, unallocated, list cost, state), an invoice each."""
    months, invoiced, unallocated, listed, states = (list(column) for column in zip(*rows, strict=True))
    invoiced, unallocated = np.array(invoiced, dtype=float), np.array(unallocated, dtype=float)
    listed = np.array(listed, dtype=float)
    return TABLES["reconciliation"].frame(
        {
            "account": [account] * len(rows),
            "invoice_id": range(1, len(rows) + 1),
            "month": pd.PeriodIndex(months, freq="M"),
            "invoiced": invoiced,
            "allocated": invoiced - unallocated,
            "unallocated": unallocated,
            "list_cost": listed,
            "difference": invoiced - listed,
            "state": states,
        }
    )
