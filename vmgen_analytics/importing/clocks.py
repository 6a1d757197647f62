"""Up to which day a file may tell of an account: what is not over, or may still change, is no history yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from vmgen_analytics.settings import Account

if TYPE_CHECKING:
    from vmgen_analytics.settings import Settings

DAY = pd.Timedelta(days=1)


@dataclass(frozen=True)
class Clocks:
    """The time, as each account of the settings has it.

    Attributes
    ----------
    now
        The time.
    settings
        The accounts' time zones, and how long their days take to settle.
    """

    now: pd.Timestamp
    settings: Settings

    def today(self, account: str) -> pd.Timestamp:
        """Tell the day that it is."""
        return self._day(account, 0.0)

    def settled(self, account: str) -> pd.Timestamp:
        """Tell the last day whose traffic does not change any more, as a sync would call it final."""
        return self._day(account, self._settle_h(account)) - DAY

    def expected(self, column: str, account: str, day: pd.Timestamp) -> str:
        """Say what a day that is too late should have been, and why it is too late."""
        zone = self.settings.zone(account).key
        if column != "date":
            return f"{self.today(account):%Y-%m-%d} or before; this day has not begun ({zone})"
        late = "is not over" if day >= self.today(account) else f"ended less than {self._settle_h(account):g} hours ago"
        return f"{self.settled(account):%Y-%m-%d} or before; this day {late} ({zone})"

    def _day(self, account: str, ago_h: float) -> pd.Timestamp:
        moment = self.now - pd.Timedelta(hours=ago_h)
        return moment.tz_convert(self.settings.zone(account)).tz_localize(None).normalize()

    def _settle_h(self, account: str) -> float:
        return self.settings.accounts.get(account, Account()).settle_h
