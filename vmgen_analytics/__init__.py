"""Spend, traffic and capacity of a fleet of VMgen virtual machines, in pandas and Jupyter.

Verbs touch the world (`fetch_usage`, `sync`), nouns compute (`vm_days`, `monthly_costs`). What draws and what changes
machines has a namespace of its own: `vmgen_analytics.plots`, `vmgen_analytics.widgets`, `vmgen_analytics.power`,
`vmgen_analytics.provisioning`.

Each name is loaded when it is first used, so that importing the package costs nothing.
"""

from __future__ import annotations

import difflib
import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vmgen_analytics.api import Client
    from vmgen_analytics.archive import Archive
    from vmgen_analytics.bandwidth import (
        anomaly_contributions,
        bandwidth_anomalies,
        bandwidth_so_far,
        calibrated_alert,
        compared_bandwidth,
        daily_bandwidth,
        daily_means,
        monthly_bandwidth,
        quota_status,
        top_talkers,
    )
    from vmgen_analytics.capacity import (
        Limit,
        Plan,
        capacity_forecast,
        fitting_packages,
        fleet_changes,
        fleet_rates,
        footprint,
        footprint_forecast,
        package_catalogue,
        placed,
        vm_lifetime,
        vm_survival,
        what_if,
    )
    from vmgen_analytics.capacity.idle import idle_vms
    from vmgen_analytics.cost import (
        Budgets,
        CostCentres,
        PriceBook,
        SharedCosts,
        allocated_costs,
        assigned_costs,
        assigned_days,
        budget_status,
        check_focus,
        cost_centre_rules,
        cost_changes,
        cost_forecast,
        cost_forecast_backtest,
        cost_statement,
        credit_runway,
        estimated_prices,
        focus_charges,
        monthly_costs,
        price_findings,
        rated_costs,
        reconciliation,
        transfer_terms,
        unit_costs,
    )
    from vmgen_analytics.errors import VMgenError
    from vmgen_analytics.fetch import (
        fetch_accounts,
        fetch_invoices,
        fetch_jobs,
        fetch_locations,
        fetch_marketplace,
        fetch_networking,
        fetch_os_images,
        fetch_packages,
        fetch_ssh_keys,
        fetch_usage,
        fetch_user_data_scripts,
        fetch_vms,
    )
    from vmgen_analytics.fleet import (
        coverage,
        lifetimes,
        location_accuracy,
        location_evidence,
        read_vm_locations,
        suggest_vm_locations,
        vm_days,
    )
    from vmgen_analytics.importing import add_history, read_history
    from vmgen_analytics.ledger import read_ledger
    from vmgen_analytics.planning import Planning, read_planning
    from vmgen_analytics.settings import Settings
    from vmgen_analytics.syncing import sync
    from vmgen_analytics.transfer import TransferPolicy

__version__ = "0.1.0"

__all__ = [
    "Archive",
    "Budgets",
    "Client",
    "CostCentres",
    "Limit",
    "Plan",
    "Planning",
    "PriceBook",
    "Settings",
    "SharedCosts",
    "TransferPolicy",
    "VMgenError",
    "add_history",
    "allocated_costs",
    "anomaly_contributions",
    "assigned_costs",
    "assigned_days",
    "bandwidth_anomalies",
    "bandwidth_so_far",
    "budget_status",
    "calibrated_alert",
    "capacity_forecast",
    "check_focus",
    "compared_bandwidth",
    "cost_centre_rules",
    "cost_changes",
    "cost_forecast",
    "cost_forecast_backtest",
    "cost_statement",
    "coverage",
    "credit_runway",
    "daily_bandwidth",
    "daily_means",
    "estimated_prices",
    "fetch_accounts",
    "fetch_invoices",
    "fetch_jobs",
    "fetch_locations",
    "fetch_marketplace",
    "fetch_networking",
    "fetch_os_images",
    "fetch_packages",
    "fetch_ssh_keys",
    "fetch_usage",
    "fetch_user_data_scripts",
    "fetch_vms",
    "fitting_packages",
    "fleet_changes",
    "fleet_rates",
    "focus_charges",
    "footprint",
    "footprint_forecast",
    "idle_vms",
    "lifetimes",
    "location_accuracy",
    "location_evidence",
    "monthly_bandwidth",
    "monthly_costs",
    "package_catalogue",
    "placed",
    "price_findings",
    "quota_status",
    "rated_costs",
    "read_history",
    "read_ledger",
    "read_planning",
    "read_vm_locations",
    "reconciliation",
    "suggest_vm_locations",
    "sync",
    "top_talkers",
    "transfer_terms",
    "unit_costs",
    "vm_days",
    "vm_lifetime",
    "vm_survival",
    "what_if",
]

_HOMES = {
    "api": ["Client"],
    "archive": ["Archive"],
    "bandwidth": [
        "anomaly_contributions",
        "bandwidth_anomalies",
        "bandwidth_so_far",
        "calibrated_alert",
        "compared_bandwidth",
        "daily_bandwidth",
        "daily_means",
        "monthly_bandwidth",
        "quota_status",
        "top_talkers",
    ],
    "capacity": [
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
    ],
    "capacity.idle": ["idle_vms"],
    "cost": [
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
        "price_findings",
        "rated_costs",
        "reconciliation",
        "transfer_terms",
        "unit_costs",
    ],
    "errors": ["VMgenError"],
    "fetch": [name for name in __all__ if name.startswith("fetch_")],
    "fleet": [
        "coverage",
        "lifetimes",
        "location_accuracy",
        "location_evidence",
        "read_vm_locations",
        "suggest_vm_locations",
        "vm_days",
    ],
    "importing": ["add_history", "read_history"],
    "ledger": ["read_ledger"],
    "planning": ["Planning", "read_planning"],
    "settings": ["Settings"],
    "syncing": ["sync"],
    "transfer": ["TransferPolicy"],
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        nearest = difflib.get_close_matches(name, __all__, n=1)
        hint = f"did you mean {nearest[0]}?" if nearest else "dir(vmgen_analytics) lists what it has"
        raise AttributeError(f"module 'vmgen_analytics' has no attribute {name!r}; {hint}")
    found = getattr(importlib.import_module(f"vmgen_analytics.{_HOME_OF[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
