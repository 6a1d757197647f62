"""What runs where, how it grows, what is on offer, and what a plan would change."""

from vmgen_analytics.capacity.catalogue import fitting_packages, package_catalogue
from vmgen_analytics.capacity.changes import fleet_changes, fleet_rates
from vmgen_analytics.capacity.footprint import footprint
from vmgen_analytics.capacity.forecasts import capacity_forecast, footprint_forecast
from vmgen_analytics.capacity.limits import Limit
from vmgen_analytics.capacity.machines import placed
from vmgen_analytics.capacity.plans import Plan
from vmgen_analytics.capacity.survival import vm_lifetime, vm_survival
from vmgen_analytics.capacity.what_if import what_if

__all__ = [
    "Limit",
    "Plan",
    "capacity_forecast",
    "fitting_packages",
    "fleet_changes",
    "fleet_rates",
    "footprint",
    "footprint_forecast",
    "package_catalogue",
    "placed",
    "vm_lifetime",
    "vm_survival",
    "what_if",
]
