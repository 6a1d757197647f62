"""Speaks HTTP with the provider, and knows no pandas."""

from vmgen_analytics.api.client import Client

__all__ = ["Client"]
