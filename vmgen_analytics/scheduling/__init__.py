"""When to sync so that nothing is lost: the moments as data, and as lines of cron and units of systemd."""

from vmgen_analytics.scheduling.checking import quiet_minute
from vmgen_analytics.scheduling.cron import check_line, cron_lines
from vmgen_analytics.scheduling.moments import DESIGN, Slot, last_moment, moments, next_moment
from vmgen_analytics.scheduling.naming import schedule_key
from vmgen_analytics.scheduling.systemd import calendar_lines, check_calendar, service_unit, timer_unit

__all__ = [
    "DESIGN",
    "Slot",
    "calendar_lines",
    "check_calendar",
    "check_line",
    "cron_lines",
    "last_moment",
    "moments",
    "next_moment",
    "quiet_minute",
    "schedule_key",
    "service_unit",
    "timer_unit",
]
