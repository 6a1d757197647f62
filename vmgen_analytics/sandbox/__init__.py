"""A simulated VMgen: the twenty operations over HTTP on 127.0.0.1, on a fleet that only exists while it is open."""

from vmgen_analytics.sandbox.faults import KINDS
from vmgen_analytics.sandbox.foreground import read_fault, serve_forever
from vmgen_analytics.sandbox.gate import Received
from vmgen_analytics.sandbox.manners import Manners
from vmgen_analytics.sandbox.simulation import Sandbox

__all__ = ["KINDS", "Manners", "Received", "Sandbox", "read_fault", "serve_forever"]
