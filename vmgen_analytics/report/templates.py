"""Pages from the templates of this folder; every name in them is escaped."""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from vmgen_analytics.report.printing import plain, printed
from vmgen_analytics.report.shape import NUMBERS


def rendered(template: str, **content: Any) -> str:
    """Write a page as HTML.

    Parameters
    ----------
    template
        Name of its file.
    content
        What it says.
    """
    environment = Environment(
        loader=PackageLoader("vmgen_analytics.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"plain": plain, "printed": printed}
    environment.globals["numbers"] = NUMBERS
    return environment.get_template(template).render(**content)
