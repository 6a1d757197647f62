"""What it costs, divided so that the parts of every invoice equal its total exactly."""

from vmgen_analytics.cost.allocation import allocated_costs
from vmgen_analytics.cost.monthly import monthly_costs
from vmgen_analytics.cost.prices import PriceBook
from vmgen_analytics.cost.rating import rated_costs
from vmgen_analytics.cost.reconciliation import reconciliation

__all__ = ["PriceBook", "allocated_costs", "monthly_costs", "rated_costs", "reconciliation"]
