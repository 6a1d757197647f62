"""Traffic: who sent it, when, and on how many days the answer rests."""

from vmgen_analytics.bandwidth.anomalies import (
    Calibration,
    anomaly_contributions,
    bandwidth_anomalies,
    calibrated_alert,
)
from vmgen_analytics.bandwidth.totals import daily_bandwidth, monthly_bandwidth

__all__ = [
    "Calibration",
    "anomaly_contributions",
    "bandwidth_anomalies",
    "calibrated_alert",
    "daily_bandwidth",
    "monthly_bandwidth",
]
