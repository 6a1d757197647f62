"""The command line: parse, call, print; what it prints goes to standard error, data to standard output.

Exit status: 0 done; 1 failed; 2 wrong usage or settings; 3 done in part.
"""

from vmgen_analytics.cli.app import main

__all__ = ["main"]
