"""When to sync so that nothing is lost: the moments as data, and as lines of cron and units of systemd."""

from vmgen_analytics.scheduling.cron import cron_lines
from vmgen_analytics.scheduling.moments import DESIGN, Slot, last_moment, moments, next_moment
from vmgen_analytics.scheduling.systemd import calendar_lines, service_unit, timer_unit

__all__ = [
    "DESIGN",
    "Slot",
    "calendar_lines",
    "cron_lines",
    "last_moment",
    "moments",
    "next_moment",
    "service_unit",
    "timer_unit",
]
