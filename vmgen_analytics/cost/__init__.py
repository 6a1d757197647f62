"""What it costs, divided so that the parts of every invoice equal its total exactly."""

from vmgen_analytics.cost.allocation import allocated_costs
from vmgen_analytics.cost.assignment import assigned_costs, cost_centre_rules
from vmgen_analytics.cost.cost_centres import CostCentres
from vmgen_analytics.cost.monthly import monthly_costs
from vmgen_analytics.cost.prices import PriceBook
from vmgen_analytics.cost.rating import rated_costs
from vmgen_analytics.cost.reconciliation import reconciliation
from vmgen_analytics.cost.shared_costs import SharedCosts

__all__ = [
    "CostCentres",
    "PriceBook",
    "SharedCosts",
    "allocated_costs",
    "assigned_costs",
    "cost_centre_rules",
    "monthly_costs",
    "rated_costs",
    "reconciliation",
]
