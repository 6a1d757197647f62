"""What runs where, and how it grows."""

from vmgen_analytics.capacity.footprint import footprint

__all__ = ["footprint"]
