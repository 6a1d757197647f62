"""Daily series: what they are expected to bring, with intervals. NumPy alone, thousands of series at once.

A refusal is a sentence in the result, as one series in a thousand that is too young must not stop the others.
"""

from vmgen_analytics.forecast.backtest import Backtest, backtest, backtest_month_ends, calibrated_spans
from vmgen_analytics.forecast.expectation import Forecast, forecast
from vmgen_analytics.forecast.months import MonthEnd, month_end
from vmgen_analytics.forecast.series import DailySeries
from vmgen_analytics.forecast.spans import LEVELS, PUBLISHED, Spans

__all__ = [
    "LEVELS",
    "PUBLISHED",
    "Backtest",
    "DailySeries",
    "Forecast",
    "MonthEnd",
    "Spans",
    "backtest",
    "backtest_month_ends",
    "calibrated_spans",
    "forecast",
    "month_end",
]
