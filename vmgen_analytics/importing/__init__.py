"""Older months from CSV files: checked completely before a row is stored, and never in place of the provider's word."""

from vmgen_analytics.importing.opening import Columns
from vmgen_analytics.importing.reading import read_history
from vmgen_analytics.importing.storing import Stored, add_history

__all__ = ["Columns", "Stored", "add_history", "read_history"]
