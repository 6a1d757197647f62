"""Which pages there are, and how the panel of each is made."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vmgen_analytics.errors import VMgenError
from vmgen_analytics.settings import Settings

if TYPE_CHECKING:
    import ipywidgets

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Page:
    """A page with one panel.

    Attributes
    ----------
    name
        Its address, as ``cost`` for ``/cost``.
    title, question
        What it is called, and what it answers.
    panel
        The class in `vmgen_analytics.widgets` that it shows.
    sends_commands
        Whether machines can be changed there: such a page exists only where that was asked for.
    """

    name: str
    title: str
    question: str
    panel: str
    sends_commands: bool = False


PAGES = (
    Page("cost", "Cost", "What was spent, on what, and what changed?", "CostExplorer"),
    Page("bandwidth", "Bandwidth", "Who sends the traffic, since when, and is it unusual?", "BandwidthExplorer"),
    Page("capacity", "Capacity", "What runs where, how does it grow, what would a plan change?", "CapacityPlanner"),
    Page("power", "Power", "Which machines run? Switch them on or off, and see that it worked.", "PowerConsole", True),
)
"""Every page, in the order of the links to them."""


def shown(name: str) -> ipywidgets.Widget:
    """Make the panel of a page from the settings that hold here; what fails is said in its place.

    Parameters
    ----------
    name
        Of the page.

    Examples
    --------
    >>> type(shown("cost")).__name__
    'CostExplorer'
    """
    from vmgen_analytics import widgets  # noqa: PLC0415 - an extra; and the server that names the pages needs none
    from vmgen_analytics.widgets.panel import Panel  # noqa: PLC0415

    page = next(page for page in PAGES if page.name == name)
    try:
        settings = Settings.load()
        allowed = {"allow_commands": True} if page.sends_commands else {}
        return getattr(widgets, page.panel)(settings.archive, settings=settings, **allowed)
    except VMgenError as error:
        sentence = str(error)
    except Exception as error:
        log.exception("the panel of the page %s failed", name)
        sentence = f"This should not happen: {type(error).__name__}: {error}"
    instead = Panel([], [])
    instead.say([sentence, "Reload this page when that is mended."], is_error=True)
    return instead
