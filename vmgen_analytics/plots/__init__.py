"""Pictures: each function draws the table of the same name and returns its Axes; none shows, saves or sums."""

from vmgen_analytics.plots.anomalies import anomaly_contributions, bandwidth_anomalies
from vmgen_analytics.plots.bandwidth import daily_bandwidth, monthly_bandwidth
from vmgen_analytics.plots.births import fleet_changes
from vmgen_analytics.plots.budgets import budget_status
from vmgen_analytics.plots.calendar_map import calendar_map
from vmgen_analytics.plots.capacity import footprint
from vmgen_analytics.plots.catalogue import package_catalogue
from vmgen_analytics.plots.changes import cost_changes
from vmgen_analytics.plots.forecasts import cost_forecast
from vmgen_analytics.plots.growth import footprint_forecast
from vmgen_analytics.plots.idle import idle_vms
from vmgen_analytics.plots.matching import reconciliation
from vmgen_analytics.plots.notebook import show_axes_in_notebooks
from vmgen_analytics.plots.places import footprint_multiples
from vmgen_analytics.plots.pngs import alt_text, png
from vmgen_analytics.plots.quota_fan import quota_fan
from vmgen_analytics.plots.quotas import quota_status
from vmgen_analytics.plots.spending import monthly_costs
from vmgen_analytics.plots.survival import vm_survival
from vmgen_analytics.plots.talkers import top_talkers
from vmgen_analytics.plots.units import unit_costs
from vmgen_analytics.plots.what_if import what_if

__all__ = [
    "alt_text",
    "anomaly_contributions",
    "bandwidth_anomalies",
    "budget_status",
    "calendar_map",
    "cost_changes",
    "cost_forecast",
    "daily_bandwidth",
    "fleet_changes",
    "footprint",
    "footprint_forecast",
    "footprint_multiples",
    "idle_vms",
    "monthly_bandwidth",
    "monthly_costs",
    "package_catalogue",
    "png",
    "quota_fan",
    "quota_status",
    "reconciliation",
    "top_talkers",
    "unit_costs",
    "vm_survival",
    "what_if",
]

show_axes_in_notebooks()
