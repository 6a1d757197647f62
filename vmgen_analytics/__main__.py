"""``python -m vmgen_analytics`` is ``vmgen-analytics``."""

from vmgen_analytics.cli import main

main()
