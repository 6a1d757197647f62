"""Tables about traffic and capacity, made by hand."""

import numpy as np
import pandas as pd

from vmgen_analytics.schema import TABLES

DAY = pd.Timedelta(days=1)


def anomalies_of(*rows):
    """Table bandwidth_anomalies from (first day, days, name, kind, impact_GB, coincides_with)."""
    firsts = pd.to_datetime([row[0] for row in rows])
    return TABLES["bandwidth_anomalies"].frame(
        {
            "anomaly": range(1, len(rows) + 1),
            "account": ["main"] * len(rows),
            "first_day": firsts,
            "last_day": [first + (row[1] - 1) * DAY for first, row in zip(firsts, rows, strict=True)],
            "scope": ["vm"] * len(rows),
            "group": [row[2] for row in rows],
            "vm_id": range(1, len(rows) + 1),
            "vms": [1] * len(rows),
            "kind": [row[3] for row in rows],
            "direction": ["out"] * len(rows),
            "severity": ["alert"] * len(rows),
            "score": [9.0] * len(rows),
            "confidence": ["high"] * len(rows),
            "unusual_days": [row[1] for row in rows],
            "expected_GB": [8.0] * len(rows),
            "actual_GB": [8.0 + row[4] for row in rows],
            "impact_GB": [float(row[4]) for row in rows],
            "explained_by": ["itself"] * len(rows),
            "coincides_with": [row[5] for row in rows],
        }
    )


def contributions_of(parts, names=None, anomaly=1):
    """Table anomaly_contributions from the GB of each VM; four fifths of each way are main."""
    parts = np.array(parts, dtype=float)
    number = len(parts)
    ways = [parts[parts > 0].sum(), parts[parts < 0].sum()]
    return TABLES["anomaly_contributions"].frame(
        {
            "anomaly": [anomaly] * number,
            "vm_id": range(1000, 1000 + number),
            "account": ["main"] * number,
            "vm_name": names or [f"vm-{place}" for place in range(number)],
            "package": [f"package {place % 3}" for place in range(number)],
            "location": ["Paris"] * number,
            "contribution_GB": parts,
            "share": [part / (ways[0] if part > 0 else ways[1]) for part in parts],
            "is_main": np.abs(parts) >= 0.5 * np.abs(parts).max(),
        }
    )


def talkers_of(traffic, others=0, names=None, before=None):
    """Table top_talkers from the GB of each VM, and of so many others that move 1 GB each."""
    number, rows = len(traffic), len(traffic) + bool(others)
    amounts = np.array([*traffic, *([float(others)] if others else [])]) * 1_000
    earlier = np.array(before or [*traffic, *([float(others)] if others else [])], dtype=float) * 1_000
    return TABLES["top_talkers"].frame(
        {
            "rank": range(1, rows + 1),
            "account": [*["main"] * number, *[None] * (rows - number)],
            "vm_id": [*range(1000, 1000 + number), *[None] * (rows - number)],
            "vm_name": [*(names or [f"vm-{place}" for place in range(number)]), *[None] * (rows - number)],
            "is_other": [False] * number + [True] * (rows - number),
            "groups": [1] * number + [others] * (rows - number),
            "first_day": [pd.Timestamp("2026-11-01")] * rows,
            "before_first_day": [pd.Timestamp("2026-10-01")] * rows,
            "compared_days": [22] * rows,
            "traffic_MB": amounts,
            "share": amounts / np.nansum(amounts),
            "cumulative_share": np.nancumsum(amounts) / np.nansum(amounts),
            "days_covered": [22] * rows,
            "days_expected": [22] * rows,
            "before_MB": earlier,
            "before_days_covered": [22] * rows,
            "before_days_expected": [22] * rows,
            "change_MB": amounts - earlier,
            "change": (amounts - earlier) / earlier,
        }
    )


def quotas_of(*rows, **values):
    """Table quota_status on 23 November from (name, quota, used, expected, state); GB, with an interval of 10 %."""
    number = len(rows)
    names, quotas, used, expected = ([row[place] for row in rows] for place in range(4))
    used, quotas, expected = (np.array(each, dtype=float) for each in (used, quotas, expected))
    columns = {
        "rank": range(1, number + 1),
        "account": ["main"] * number,
        "scope": ["vm"] * number,
        "group": names,
        "vm_id": range(1000, 1000 + number),
        "vms": [1] * number,
        "month": [pd.Period("2026-11", "M")] * number,
        "as_of": [pd.Timestamp("2026-11-23")] * number,
        "direction": ["out"] * number,
        "policy": ["line 2"] * number,
        "quota_GB": quotas,
        "used_GB": used,
        "used_share": used / quotas,
        "days_known": [22] * number,
        "days_estimated": [8] * number,
        "expected_GB": expected,
        "low_GB": expected * 0.9,
        "high_GB": expected * 1.1,
        "chance_over": [0.5] * number,
        "exceeded_on": [
            pd.Timestamp("2026-11-27") if more > most else None for more, most in zip(expected, quotas, strict=True)
        ],
        "state": [row[4] for row in rows],
        "sentence": ["too few days for a forecast"] * number,
    }
    return TABLES["quota_status"].frame(columns | {name: [value] * number for name, value in values.items()})


def growth_of(lows, middles, highs, measure="vms", reason=""):
    """Table footprint_forecast, month by month from 23 November 2026."""
    days = [pd.Timestamp("2026-11-23") + month * 30 * DAY for month in range(len(middles))]
    return TABLES["footprint_forecast"].frame(
        {
            "measure": [measure] * len(days),
            "date": days,
            "low": lows,
            "middle": middles,
            "high": highs,
            "reason": [reason] * len(days),
        }
    )


def limit_of(amount, days=(None, None, None), state="expected", name=None, reason=""):
    """Table capacity_forecast of one limit of VMs, with its P10, P50 and P90."""
    early, middle, late = (pd.Timestamp(day) if day else pd.NaT for day in days)
    return TABLES["capacity_forecast"].frame(
        {
            "position": [1],
            "limit": [name or f"{amount} VMs"],
            "measure": ["vms"],
            "amount": [float(amount)],
            "used": [10.0],
            "reached_p10": [early],
            "reached_p50": [middle],
            "reached_p90": [late],
            "chance": [0.5],
            "state": [state],
            "reason": [reason],
        }
    )


def offers_of(*rows):
    """Table package_catalogue from (package, location, ram_GB, price, what beats it, whether it is offered)."""
    number = len(rows)
    packages, locations, sizes, prices, beaten, offered = (list(column) for column in zip(*rows, strict=True))
    places = {place: order for order, place in enumerate(dict.fromkeys(locations))}
    return TABLES["package_catalogue"].frame(
        {
            "account": ["main"] * number,
            "location_id": [places[place] for place in locations],
            "package": packages,
            "location": locations,
            "vcpus": [2.0] * number,
            "ram_GB": sizes,
            "disk_GB": [20.0] * number,
            "is_offered": offered,
            "since_max": [pd.Timestamp("2026-01-01")] * number,
            "until_min": [pd.Timestamp("2026-11-23")] * number,
            "monthly_price": prices,
            "dominated_by": beaten,
        }
    )
