"""The spine: one row per VM and day, from which cost, bandwidth and capacity all start."""

from vmgen_analytics.fleet.coverage import coverage
from vmgen_analytics.fleet.locations import read_vm_locations, vm_locations
from vmgen_analytics.fleet.vm_days import vm_days

__all__ = ["coverage", "read_vm_locations", "vm_days", "vm_locations"]
