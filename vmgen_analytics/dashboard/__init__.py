"""The panels as web pages, for people who want no code: ``vmgen-analytics dashboard`` serves them on this machine."""

from vmgen_analytics.dashboard.pages import PAGES, Page, shown

__all__ = ["PAGES", "Page", "shown"]
