"""Panels for notebooks and pages: each shows one question's answer, its numbers and where they come from."""

from vmgen_analytics.widgets.bandwidth import BandwidthExplorer
from vmgen_analytics.widgets.capacity import CapacityPlanner
from vmgen_analytics.widgets.cost import CostExplorer
from vmgen_analytics.widgets.power_console import PowerConsole

__all__ = ["BandwidthExplorer", "CapacityPlanner", "CostExplorer", "PowerConsole"]
