"""The history that the provider forgets each month: Delta Lake tables in a folder or an object store."""

import os

os.environ.setdefault("RUST_LOG", "error")  # the engine looks once, when it is imported; its errors reach us anyhow

from vmgen_analytics.archive.contents import TABLES
from vmgen_analytics.archive.store import Archive

__all__ = ["TABLES", "Archive"]
