"""report.html: one page with everything in it, that needs nothing from elsewhere and prints on A4."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from vmgen_analytics.plots import alt_text
from vmgen_analytics.report.templates import rendered

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vmgen_analytics.report.shape import Report

TEMPLATE = "page.html.jinja"


def page(report: Report, pngs: Mapping[str, bytes]) -> str:
    """Write a report as HTML.

    Parameters
    ----------
    report
        What it says.
    pngs
        The pictures by name, as PNG.

    Returns
    -------
    str
        The page; every name in it is escaped.
    """
    pictures = {
        picture.name: {"alt": alt_text(picture.ax), "data": base64.b64encode(pngs[picture.name]).decode()}
        for picture in report.pictures
    }
    return rendered(TEMPLATE, report=report, pictures=pictures)
