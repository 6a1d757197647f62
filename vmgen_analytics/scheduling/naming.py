"""How the schedule of an archive is called, so that those of two archives do not meet."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

_LONGEST = 24


def schedule_key(archive: str) -> str:
    """Name an archive in a few letters that no other archive has.

    Parameters
    ----------
    archive
        Its folder, as an absolute path, or its address.

    Returns
    -------
    str
        The last part of its name and a digest of the whole, as ``archive-64f6c64a``: letters a to z, digits and ``-``.
        A folder that can be reached by several paths has one name.

    Examples
    --------
    >>> schedule_key("s3://bucket/History of 2026/")
    'history-of-2026-d61450b2'
    """
    url = archive.removeprefix("file://").rstrip("/")
    whole = url if "://" in url else str(Path(url).expanduser().resolve())
    readable = re.sub(r"[^a-z0-9]+", "-", whole.rsplit("/", 1)[-1].lower()).strip("-")[:_LONGEST].strip("-")
    digest = hashlib.sha256(whole.encode("utf-8", errors="surrogateescape")).hexdigest()[:8]
    return f"{readable}-{digest}" if readable else digest
