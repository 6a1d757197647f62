"""Any table of the schema, and a month in the words of FOCUS, as files."""

from vmgen_analytics.exports.focus import FocusMonth, focus_month, write_focus
from vmgen_analytics.exports.tables import NAMES, check_name, table
from vmgen_analytics.writing import FORMATS, csv_bytes, write

__all__ = [
    "FORMATS", "NAMES", "FocusMonth", "check_name", "csv_bytes", "focus_month", "table", "write", "write_focus",
]  # fmt: skip
