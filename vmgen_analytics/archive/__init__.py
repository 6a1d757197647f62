"""The history that the provider forgets each month: Delta Lake tables in a folder or an object store."""

from vmgen_analytics.archive.contents import TABLES
from vmgen_analytics.archive.store import Archive

__all__ = ["TABLES", "Archive"]
