"""What the days of the usage tell of the provider's time zone, of days without traffic, and of the month before."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from vmgen_analytics.fetch import values

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    Record = dict[str, Any]

WEST, EAST = timedelta(hours=-12), timedelta(hours=14)


def read_days(records: Sequence[Record]) -> list[date]:
    """Read the days of usage records; what is no day is left out."""
    found = []
    for record in records:
        try:
            found.append(values.day(record.get("date")))
        except ValueError:
            continue
    return found


def of_time_zone(days: Sequence[date], now: datetime, zone: ZoneInfo) -> str:
    """Tell whether the newest day can be today in a time zone, and in which offsets it is.

    Parameters
    ----------
    days
        Days with a record, one at least.
    now
        The provider's clock.
    zone
        As set.
    """
    newest, today = max(days), now.astimezone(zone).date()
    fits = {
        0: f"fits time_zone {zone.key}",
        1: f"is tomorrow in {zone.key}: set time_zone to one further east",
        -1: f"was yesterday in {zone.key}: today's row comes later, or time_zone must be one further west",
    }
    verdict = fits.get((newest - today).days, f"is {abs((newest - today).days)} days off today in {zone.key}")
    midnight = datetime(newest.year, newest.month, newest.day, tzinfo=UTC)
    low, high = max(midnight - now, WEST), min(midnight + timedelta(days=1) - now, EAST)
    offsets = f" (it is that day from UTC{_hours(low)} to UTC{_hours(high)} now)" if low < high else ""
    return f"the newest day of traffic, {newest}, {verdict}{offsets}"


def of_idle_days(records: Sequence[Record], switched_off: Sequence[Record] | None) -> str:
    """Tell whether days without traffic have rows.

    Parameters
    ----------
    records
        Usage of a VM.
    switched_off
        Usage of a VM that is switched off; None where it was not asked.
    """
    for rows, whose in ((records, ""), (switched_off or (), " of a VM that is switched off")):
        days = sorted(set(read_days(rows)))
        gaps = (days[-1] - days[0]).days + 1 - len(days) if days else 0
        idle = sum(all(_amount(record.get(name)) == 0 for name in ("in_MB", "out_MB")) for record in rows)
        if gaps:
            return f"{gaps} of {gaps + len(days)} days{whose} have no row: a day without traffic seems to have none"
        if idle:
            return f"days without traffic have rows ({idle} of {len(days)} days{whose})"
    if switched_off is not None and not switched_off:
        return "a VM that is switched off has no rows: a day without traffic seems to have none"
    return "cannot be told: every day that was looked at had traffic"


def of_last_month(days: Sequence[date], today: date) -> str:
    """Tell whether days before the current month are shown, its last one among them.

    Parameters
    ----------
    days
        Days with a record.
    today
        In the account's time zone.
    """
    first = today.replace(day=1)
    before = [day for day in days if day < first]
    if not before:
        return "no day of it is shown"
    is_last = first - timedelta(days=1) in before
    return f"{len(before)} days of it are still shown, {'its last day too' if is_last else 'but not its last day'}"


def _hours(offset: timedelta) -> str:
    return f"{offset.total_seconds() / 3600:+.3g}"


def _amount(value: Any) -> float | None:
    try:
        return values.number(value)
    except (ValueError, TypeError):
        return None
