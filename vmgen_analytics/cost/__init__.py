"""What it costs, divided so that the parts of every invoice equal its total exactly."""

from vmgen_analytics.cost.allocation import allocated_costs
from vmgen_analytics.cost.assignment import assigned_costs, cost_centre_rules
from vmgen_analytics.cost.budgets import Budgets, budget_status
from vmgen_analytics.cost.centre_days import assigned_days
from vmgen_analytics.cost.changes import cost_changes
from vmgen_analytics.cost.cost_centres import CostCentres
from vmgen_analytics.cost.estimation import estimated_prices
from vmgen_analytics.cost.focus import focus_charges
from vmgen_analytics.cost.focus_checks import check_focus
from vmgen_analytics.cost.forecasts import cost_forecast, cost_forecast_backtest
from vmgen_analytics.cost.monthly import monthly_costs
from vmgen_analytics.cost.overage import policies_of, transfer_terms
from vmgen_analytics.cost.price_check import price_findings
from vmgen_analytics.cost.prices import PriceBook
from vmgen_analytics.cost.rating import rated_costs
from vmgen_analytics.cost.reconciliation import reconciliation
from vmgen_analytics.cost.runway import credit_runway
from vmgen_analytics.cost.shared_costs import SharedCosts
from vmgen_analytics.cost.statements import cost_statement
from vmgen_analytics.cost.unit_costs import unit_costs

__all__ = [
    "Budgets",
    "CostCentres",
    "PriceBook",
    "SharedCosts",
    "allocated_costs",
    "assigned_costs",
    "assigned_days",
    "budget_status",
    "check_focus",
    "cost_centre_rules",
    "cost_changes",
    "cost_forecast",
    "cost_forecast_backtest",
    "cost_statement",
    "credit_runway",
    "estimated_prices",
    "focus_charges",
    "monthly_costs",
    "policies_of",
    "price_findings",
    "rated_costs",
    "reconciliation",
    "transfer_terms",
    "unit_costs",
]
