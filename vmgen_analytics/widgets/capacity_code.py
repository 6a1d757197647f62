"""The Python that reproduces what the capacity panel shows, in the public names that a script uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmgen_analytics.widgets.scripts import of_nothing, script, unusual

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
        return of_nothing(url)
    return script(
        [
            f"archive = va.Archive({url!r})",
            f"settings = va.Settings({', '.join(unusual(answer.settings, FILES))})",
            "planning = va.read_planning(archive, settings)",
            "",
            *answer.shown.python(),
        ]
    )
