"""Optional parts of the installation: a missing one is told with the command that adds it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from vmgen_analytics.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def needs(extra: str) -> Iterator[None]:
    """Turn a failed import into the sentence that mends it.

    Parameters
    ----------
    extra
        Name of the group of dependencies in pyproject.toml.

    Raises
    ------
    SettingsError
        Something of that group is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"this needs {error.name}, which is not installed: pip install 'vmgen_analytics[{extra}]'"
        ) from None
