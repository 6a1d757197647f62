"""Which files lie at a place, whether their log knows of them or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyarrow.fs import FileSelector, FileType

from vmgen_analytics.archive.places import TROUBLE

if TYPE_CHECKING:
    from pyarrow.fs import FileInfo

    from vmgen_analytics.archive.places import Place


def infos(place: Place, name: str, *, recursive: bool = True) -> list[FileInfo]:
    """List what lies below a table, or below the archive.

    Parameters
    ----------
    place
        Where the archive is.
    name
        A table; empty for the archive itself.
    recursive
        Also what lies in its folders.

    Returns
    -------
    list of FileInfo
        Empty if it is not there.

    Raises
    ------
    ArchiveError
        The place cannot be read.
    """
    selector = FileSelector("", recursive=recursive, allow_not_found=True)
    try:
        found: list[FileInfo] = place.files(name).get_file_info(selector)
    except FileNotFoundError:
        return []
    except TROUBLE as error:
        if "does not exist" in str(error) or "NotFound" in str(error):
            return []
        raise place.unreadable(name or "syncs", error) from None
    return found


def sizes(place: Place, name: str) -> dict[str, int]:
    """List the files of a table with their sizes; none if it is not there.

    Raises
    ------
    ArchiveError
        The place cannot be read.
    """
    return {info.path: info.size for info in infos(place, name) if info.type == FileType.File}


def rows_left(place: Place, name: str) -> list[str]:
    """Name the files of rows that lie under a table's name."""
    return [path for path in sizes(place, name) if path.endswith(".parquet")]
