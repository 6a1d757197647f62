"""What the Python behind every panel begins with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmgen_analytics.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence


def of_nothing(url: str) -> str:
    """Write the script of a panel that has nothing to show."""
    return f"import vmgen_analytics as va\n\narchive = va.Archive({url!r})\narchive.tables()"


def script(lines: Sequence[str], imports: Sequence[str] = ()) -> str:
    """Put lines together under the names that they use.

    Parameters
    ----------
    lines
        The lines.
    imports
        More lines of imports than those of pandas, the package and its plots.
    """
    pandas = ["import pandas as pd", ""] if any("pd." in line for line in lines) else []
    head = [*pandas, "import vmgen_analytics as va", "from vmgen_analytics import plots", *imports]
    return "\n".join([*head, "", *lines])


def unusual(settings: Settings, names: Sequence[str]) -> list[str]:
    """Write the settings of these names that are not the usual ones, as arguments."""
    usual = Settings()
    return [f"{name}={value!r}" for name in names if (value := getattr(settings, name)) != getattr(usual, name)]
