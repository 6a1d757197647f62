"""The Python that reproduces what the capacity panel shows, in the public names that a script uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmgen_analytics.settings import Settings

if TYPE_CHECKING:
    from vmgen_analytics.widgets.capacity_answer import CapacityAnswer

FILES = ("currency", "prices", "transfer_policy", "vm_locations", "limits")
"""Settings that decide what a table holds; the days are in the archive's own zone."""


def reproduction(answer: CapacityAnswer, url: str) -> str:
    """Write a script that ends with ``table``, which equals the panel's, and ``ax``, its chart.

    Parameters
    ----------
    answer
        What the panel shows.
    url
        Where its archive is.

    Returns
    -------
    str
        Python, with every day resolved and no secret in it.
    """
    if answer.table.empty:
        return f"import vmgen_analytics as va\n\narchive = va.Archive({url!r})\narchive.tables()"
    usual = Settings()
    arguments = [
        f"{name}={getattr(answer.settings, name)!r}"
        for name in FILES
        if getattr(answer.settings, name) != getattr(usual, name)
    ]
    lines = answer.shown.python()
    return "\n".join(
        [
            *(["import pandas as pd", ""] if any("pd." in line for line in lines) else []),
            "import vmgen_analytics as va",
            "from vmgen_analytics import plots",
            "",
            f"archive = va.Archive({url!r})",
            f"settings = va.Settings({', '.join(arguments)})",
            "planning = va.read_planning(archive, settings)",
            "",
            *lines,
        ]
    )
