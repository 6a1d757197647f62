"""Traffic: who sent it, when, and on how many days the answer rests."""

from vmgen_analytics.bandwidth.anomalies import (
    Calibration,
    anomaly_contributions,
    bandwidth_anomalies,
    calibrated_alert,
)
from vmgen_analytics.bandwidth.comparison import compared_bandwidth
from vmgen_analytics.bandwidth.means import daily_means
from vmgen_analytics.bandwidth.quotas import NO_POLICY, quota_status
from vmgen_analytics.bandwidth.so_far import bandwidth_so_far
from vmgen_analytics.bandwidth.talkers import top_talkers
from vmgen_analytics.bandwidth.totals import daily_bandwidth, monthly_bandwidth

__all__ = [
    "NO_POLICY",
    "Calibration",
    "anomaly_contributions",
    "bandwidth_anomalies",
    "bandwidth_so_far",
    "calibrated_alert",
    "compared_bandwidth",
    "daily_bandwidth",
    "daily_means",
    "monthly_bandwidth",
    "quota_status",
    "top_talkers",
]
