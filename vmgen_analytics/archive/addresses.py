"""What a user calls the place of an archive -> a folder, or an address as the engine reads it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes

from vmgen_analytics.errors import SettingsError

BUCKETS = ("s3", "s3a", "gs", "az", "abfs", "abfss", "adl")
"""Schemes of addresses that begin with a bucket."""

_FILE = re.compile(r"file:(?://([^/]*))?(/.*)?", re.IGNORECASE | re.DOTALL)
_ENCODED = re.compile(r"%[0-9a-f]{2}", re.IGNORECASE)
_FORBIDDEN = re.compile(r"[\[\]|^\\\x00-\x1f\x7f]")
"""Characters of a folder's name with which the engine panics, or looks elsewhere, however they are quoted."""

_NAMES = {"\\": "a backslash", "\n": "a line break", "\t": "a tab"}
_SAFE = "".join(map(chr, range(0x21, 0x7F))).translate({ord(character): None for character in "#?[]|^\\"})
"""All that an address may hold as it is; of the others, some would end it, and leave what follows unread."""


def folder_of(url: str | Path) -> Path | None:
    """Find the folder that is meant.

    Parameters
    ----------
    url
        What a user calls the place: a path, or an address as ``file:///srv/archive`` or ``s3://bucket/archive``.

    Returns
    -------
    Path or None
        None for the address of an object store.

    Raises
    ------
    SettingsError
        The engine cannot work in such a folder, or the address names another host.
    """
    if found := None if isinstance(url, Path) else _FILE.fullmatch(url):
        host, path = found[1] or "", found[2] or ""
        if host not in ("", "localhost") or not path.strip("/"):
            raise SettingsError(f"the archive {url} is no folder of this machine: write file:///FOLDER, or its path")
        folder = Path(os.fsdecode(unquote_to_bytes(path)))
    elif "://" in str(url):
        return None
    else:
        folder = _at_home(Path(url))
    _refuse(url, os.path.realpath(folder.absolute()) if "\0" not in str(folder) else str(folder))
    return folder


def address_of(url: str) -> str:
    """Spell the address of a place in an object store as the engine reads it: what would end it early is quoted.

    Parameters
    ----------
    url
        As a user wrote it.

    Returns
    -------
    str
        The same place.

    Raises
    ------
    SettingsError
        It names no bucket, or the engine cannot work under such a name.
    """
    scheme, _, rest = url.partition("://")
    if scheme in BUCKETS and not rest.strip("/"):
        raise SettingsError(f"the archive {url} names no bucket: write {scheme}://BUCKET or {scheme}://BUCKET/FOLDER")
    _refuse_encoded(url, os.fsdecode(unquote_to_bytes(rest)))
    return f"{scheme}://{quote(rest, safe=_SAFE)}"


def _at_home(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError:  # there is no such user: it is the name of a folder
        return path


def _refuse(url: str | Path, resolved: str) -> None:
    """Refuse a folder, by its path without links, in which the engine cannot work."""
    names = resolved[len(Path(resolved).anchor) :] if os.sep == "/" else ""  # Windows allows none of them in a name
    if found := _FORBIDDEN.search(names):
        raise SettingsError(
            f"the archive {_printable(url)} lies in a folder with {_NAMES.get(found[0], repr(found[0]))} in its name, "
            "which Delta Lake cannot use: name another, or rename it"
        )
    _refuse_encoded(url, resolved)


def _refuse_encoded(url: str | Path, path: str) -> None:
    if found := _ENCODED.search(path):
        raise SettingsError(
            f"the archive {_printable(url)} lies in a folder with '{found[0]}' in its name, which Delta Lake takes for "
            "another character: name another, or rename it"
        )
    if any("\ud800" <= character <= "\udfff" for character in path):
        raise SettingsError(
            f"the archive {_printable(url)} lies in a folder whose name is not UTF-8, which Delta Lake cannot use: "
            "name another, or rename it"
        )


def _printable(url: str | Path) -> str:
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in str(url))
