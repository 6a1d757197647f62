"""What a panel that shows an archive is made of: its choices, its data, its answer and its controls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, Self

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    import ipywidgets
    import pandas as pd
    from matplotlib.axes import Axes

    from vmgen_analytics.archive import Archive
    from vmgen_analytics.settings import Settings
    from vmgen_analytics.widgets.explorer import Model


class Choices(Protocol):
    """What a person has chosen: an immutable value, the only truth that all parts of a panel are made from."""

    @classmethod
    def of(cls, view: Mapping[str, Any]) -> Self:
        """Read choices from a view; what cannot be is a `SettingsError`."""
        ...

    def view(self) -> dict[str, Any]:
        """Put the choices into a small dict that JSON can hold."""
        ...


class Data(Protocol):
    """What a panel reads from the archive: once, and again when it is asked to."""

    @classmethod
    def read(cls, archive: Archive, settings: Settings) -> Self:
        """Read it."""
        ...


class Answer(Protocol):
    """Everything that a panel shows for one set of choices; what is costly is computed when it is asked for."""

    def __init__(self, data: Any, choices: Any, settings: Settings, today: dt.date) -> None: ...

    @property
    def table(self) -> pd.DataFrame:
        """The table that is shown; where it is empty, there is no chart and no file."""
        ...

    @property
    def name(self) -> str:
        """What the files are called, without their ending."""
        ...

    def sentence(self) -> str:
        """The answer in a sentence, as the title."""
        ...

    def notices(self) -> list[str]:
        """What a reader must know before trusting the numbers: what is missing, unfinished or old."""
        ...

    def numbers(self) -> list[tuple[str, str, str]]:
        """Name, number and comparison of each key number."""
        ...

    def axes(self) -> Axes:
        """Draw the chart."""
        ...

    def printed(self) -> str:
        """The table as HTML, with a total where there is one."""
        ...

    def small_print(self) -> list[str]:
        """Source, zone, units, what is included, fetched when."""
        ...

    def python(self, url: str) -> str:
        """The script that ends with the same ``table`` and with ``ax``, its chart."""
        ...


class Controls(Protocol):
    """What a person chooses with."""

    @property
    def all(self) -> Sequence[ipywidgets.Widget]:
        """Every control, in their order on the page."""
        ...

    def choices(self) -> Any:
        """Read what is chosen."""
        ...

    def follow(self, model: Model) -> None:
        """Show the choices of a model, and what else could be chosen."""
        ...
