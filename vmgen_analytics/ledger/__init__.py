"""What the costs of some months stand on, as the settings say, and what closed months were divided by."""

from vmgen_analytics.ledger.reading import Ledger, read_ledger, read_policies

__all__ = ["Ledger", "read_ledger", "read_policies"]
