"""Pictures: each function draws the table of the same name and returns its Axes; none shows, saves or sums."""

from vmgen_analytics.plots.bandwidth import daily_bandwidth, monthly_bandwidth
from vmgen_analytics.plots.budgets import budget_status
from vmgen_analytics.plots.capacity import footprint
from vmgen_analytics.plots.changes import cost_changes
from vmgen_analytics.plots.forecasts import cost_forecast
from vmgen_analytics.plots.notebook import show_axes_in_notebooks
from vmgen_analytics.plots.spending import monthly_costs
from vmgen_analytics.plots.style import alt_text, png
from vmgen_analytics.plots.units import unit_costs

__all__ = [
    "alt_text",
    "budget_status",
    "cost_changes",
    "cost_forecast",
    "daily_bandwidth",
    "footprint",
    "monthly_bandwidth",
    "monthly_costs",
    "png",
    "unit_costs",
]

show_axes_in_notebooks()
