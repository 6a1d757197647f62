"""Spend, traffic and capacity of a fleet of VMgen virtual machines, in pandas and Jupyter."""

__version__ = "0.1.0"
