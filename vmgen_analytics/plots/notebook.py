"""Pictures at the end of a cell: these Axes belong to no window, so a notebook would print their name only."""

from __future__ import annotations

import sys
from typing import Any

from matplotlib.axes import Axes

from vmgen_analytics.plots.pngs import alt_text, png

WIDTH = 900


def show_axes_in_notebooks() -> None:
    """Teach a running IPython to show Axes that pyplot does not manage; elsewhere nothing happens."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is not None:
        shell.display_formatter.formatters["image/png"].for_type(Axes, picture)


def picture(ax: Axes) -> tuple[bytes, dict[str, Any]] | None:
    """Give the figure of these Axes as PNG with its alternative text; None where pyplot shows it anyway."""
    figure = ax.get_figure(root=True)
    if figure is None or figure.canvas.manager is not None:
        return None
    return png(ax), {"width": WIDTH, "alt": alt_text(ax)}
