"""Traffic: who sent it, when, and on how many days the answer rests."""

from vmgen_analytics.bandwidth.totals import daily_bandwidth, monthly_bandwidth

__all__ = ["daily_bandwidth", "monthly_bandwidth"]
