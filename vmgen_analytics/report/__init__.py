"""One month as a page and a workbook that answer the same questions in the same order."""

from vmgen_analytics.report.files import ReportFiles, write_report

__all__ = ["ReportFiles", "write_report"]
