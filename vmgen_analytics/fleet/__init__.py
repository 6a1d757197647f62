"""The spine: one row per VM and day, from which cost, bandwidth and capacity all start."""

from vmgen_analytics.fleet.accuracy import location_accuracy
from vmgen_analytics.fleet.coverage import coverage
from vmgen_analytics.fleet.lifetimes import lifetimes
from vmgen_analytics.fleet.locations import read_vm_locations
from vmgen_analytics.fleet.placing import location_evidence
from vmgen_analytics.fleet.suggestions import suggest_vm_locations
from vmgen_analytics.fleet.vm_days import vm_days

__all__ = [
    "coverage",
    "lifetimes",
    "location_accuracy",
    "location_evidence",
    "read_vm_locations",
    "suggest_vm_locations",
    "vm_days",
]
