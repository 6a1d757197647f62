"""Pictures: each function draws the table of the same name and returns its Axes; none shows, saves or sums."""

from vmgen_analytics.plots.bandwidth import daily_bandwidth, monthly_bandwidth
from vmgen_analytics.plots.capacity import footprint
from vmgen_analytics.plots.cost import cost_changes, monthly_costs
from vmgen_analytics.plots.notebook import show_axes_in_notebooks
from vmgen_analytics.plots.style import alt_text, png

__all__ = [
    "alt_text",
    "cost_changes",
    "daily_bandwidth",
    "footprint",
    "monthly_bandwidth",
    "monthly_costs",
    "png",
]

show_axes_in_notebooks()
