"""The tiny notebook behind a page: one cell, which shows the panel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import nbformat

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from vmgen_analytics.dashboard.pages import Page


def write_notebook(page: Page, pages: Sequence[Page], folder: Path) -> None:
    """Write the notebook of a page, which Voila runs and shows without its code.

    Parameters
    ----------
    page
        Which; its template reads the rest from the metadata.
    pages
        All that there are, to link to.
    folder
        Where to.
    """
    cell = nbformat.v4.new_code_cell(f"from vmgen_analytics.dashboard import shown\n\nshown({page.name!r})")
    metadata: dict[str, object] = {"page": page.name, "title": page.title, "question": page.question}
    metadata["pages"] = [{"name": each.name, "title": each.title} for each in pages]
    notebook = nbformat.v4.new_notebook(cells=[cell], metadata=metadata)
    nbformat.write(notebook, folder / f"{page.name}.ipynb")
