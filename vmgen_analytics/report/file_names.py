"""Names of files made from names that people chose: safe on every system, and never two alike."""

from __future__ import annotations

import collections
import hashlib
import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST = 40
DIGEST = 10


def file_names(names: Iterable[str]) -> dict[str, str]:
    """Name a file for each of some names.

    Small letters, digits and hyphens stay. Names of which nothing stays, and those that would be alike, get a mark
    that depends on the name alone, after an underscore, which no other has.

    Parameters
    ----------
    names
        Whatever people wrote: dots, slashes, other alphabets.

    Returns
    -------
    dict
        From each name to the stem of its file; different also where capitals and small letters are one.

    Examples
    --------
    >>> file_names(["Web shop", "../etc"])
    {'Web shop': 'web-shop', '../etc': 'etc'}
    """
    stems = {name: _stem(name) for name in names}
    often = collections.Counter(stems.values())
    return {name: stem if stem and often[stem] == 1 else f"{stem}_{_mark(name)}" for name, stem in stems.items()}


def _stem(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub("[^a-z0-9]+", "-", letters)[:LONGEST].strip("-")


def _mark(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:DIGEST]
