"""What the engine says when it cannot read or write -> what that means, and the way out."""

from __future__ import annotations

import errno
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

SHORT = 160
"""So long may be what the engine says, within a sentence of ours."""


@dataclass(frozen=True)
class Cause:
    """Why an archive cannot be read or written.

    Attributes
    ----------
    what
        What is wrong, without a semicolon.
    way_out
        What to do about it.
    is_damage
        Whether what is stored is not what was written; else it may be whole, and cannot be looked at.
    """

    what: str
    way_out: str
    is_damage: bool = False


ALL_DAMAGE = "`vmgen-analytics archive check` names what is damaged"
_BACKUP = f"bring it back from a backup; {ALL_DAMAGE}"
_ELSEWHERE = "give it another place with --archive"
_ROOM = f"make room there and run the same command again, or {_ELSEWHERE}"

_READING: Mapping[int, str] = {
    **dict.fromkeys((errno.EACCES, errno.EPERM), "run this as the user whom it belongs to, or let this one read it"),
    **dict.fromkeys((errno.ENOTDIR, errno.EISDIR), "move away what is in the way, or name another archive"),
    **dict.fromkeys((errno.EMFILE, errno.ENFILE), "allow more open files (ulimit -n)"),
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), _ROOM),
    errno.EIO: "look at the disk",
    errno.ELOOP: "its links lead in a circle",
}
_WRITING: Mapping[int, str] = {
    **_READING,
    **dict.fromkeys(
        (errno.EACCES, errno.EPERM),
        f"run this as the user whom it belongs to, let this one write there, or {_ELSEWHERE}",
    ),
    **dict.fromkeys((errno.ENOTDIR, errno.EISDIR, errno.EEXIST), f"move away what is in the way, or {_ELSEWHERE}"),
    errno.EROFS: _ELSEWHERE,
}
"""Ways out of what the system says, by its number."""

_STORES = (
    (
        r"NoSuchBucket|bucket does not exist|Bucket not found",
        "there is no such bucket",
        "make it in the store, or name another archive",
    ),
    (
        r"169\.254\.|metadata\.google|IMDS|(no|loading).{0,20}credentials|missing.{0,30}(key|account)|Account must be",
        "there are no credentials for it",
        "set {keys}",
    ),
    (
        r"403 Forbidden|401 Unauthorized|AccessDenied|InvalidAccessKeyId|SignatureDoesNotMatch",
        "the store refuses these credentials",
        "look at {keys}, and at what they may do",
    ),
    (
        r"HTTP error: builder error|scheme is not allowed",
        "its address {endpoint}begins with http://, which sends everything in the clear",
        "set {allow}=true to allow that, or name an address with https://",
    ),
    (
        r"error sending request|Connection refused|dns error|timed out",
        "the store does not answer",
        "look at {address}the network",
    ),
    (
        r"No suitable object store|unknown scheme|UnknownScheme",
        "no store is known by such an address",
        "write the path of a folder, or an address as s3://BUCKET/FOLDER",
    ),
)
"""What an object store means, by a pattern of what it says, with the way out."""

_AWS = {
    "keys": "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION",
    "address": "AWS_ENDPOINT_URL, AWS_REGION and ",
    "allow": "AWS_ALLOW_HTTP",
    "endpoint": "(AWS_ENDPOINT_URL) ",
}
_AZURE = {
    "keys": "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
    "address": "",
    "allow": "AZURE_ALLOW_HTTP",
    "endpoint": "",
}
_GOOGLE = {"keys": "GOOGLE_APPLICATION_CREDENTIALS", "address": "", "allow": "GOOGLE_ALLOW_HTTP", "endpoint": ""}
_VARIABLES = {"gs": _GOOGLE, **dict.fromkeys(("az", "abfs", "abfss", "adl"), _AZURE)}
"""Variables of the environment by which a store knows us, by the scheme of its address; of S3 elsewhere."""

_LOG = re.compile(
    r"Json error|Truncated record|delta log|log segment|Invalid JSON|_delta_log/\d{20}\S*.{0,40}(parse|invalid|EOF)",
    re.IGNORECASE,
)
_BROKEN = re.compile(
    r"magic bytes|as Parquet file|parquet file size|parse parquet|range was invalid|deserialize thrift", re.IGNORECASE
)
_GONE = re.compile(r"\(os error 2\)|No such file|NoSuchKey|404 Not Found")
_MISSING = re.compile(f"{_GONE.pattern}|not found|NotFound", re.IGNORECASE)
_NUMBER = re.compile(r"\(os error (\d+)\)|\[Errno (\d+)\]")
_NOISE = re.compile(r"(Kernel error|Generic [\w:]+ error|Generic error|External)( ->|:) ")


def cause_of(error: Exception, url: str, folder: Path | None, *, is_write: bool = False) -> Cause:
    """Tell what an error of the engine means.

    Parameters
    ----------
    error
        What it raised, or the system.
    url
        Where the archive is.
    folder
        The same as a path; None in an object store.
    is_write
        Whether it was about to write, else to read.

    Returns
    -------
    Cause
        In reading, what has no other cause is damage.
    """
    said = " ".join(_plain(error).split())
    if folder is None and (cause := _of_store(said, url.partition("://")[0])):
        return cause
    file = _file(said, folder)
    number = _number(error, said)
    way_out = (_WRITING if is_write else _READING).get(number)
    if way_out:
        return Cause(f"{os.strerror(number)}{f': {file}' if file else ''}", way_out)
    if damage := _damage(said, file, is_write=is_write):
        return damage
    return (
        Cause(reason(error), f"{_ELSEWHERE}, or free this one") if is_write else Cause(reason(error), ALL_DAMAGE, True)
    )


def cause_in_checkpoint(file: str, spare: Sequence[str], *, is_missing: bool) -> Cause:
    """Tell what it means that a checkpoint of a table's log cannot be read.

    Parameters
    ----------
    file
        Its name, from the archive on.
    spare
        Files without which the table is read by the rest of its log; empty if that is not whole.
    is_missing
        Whether it is not there.
    """
    what = f"the file {file}, a checkpoint of its log, is {'missing' if is_missing else 'broken'}"
    if not spare:
        return Cause(what, f"the rest of its log does not say what it said: {_BACKUP}", True)
    way_out = f"the rest of its log says the same: move {' and '.join(spare)} out of the archive, and "
    return Cause(what, f"{way_out}the table is read without {'it' if len(spare) == 1 else 'them'}; {ALL_DAMAGE}", True)


def reason(error: Exception) -> str:
    """Put the innermost cause that an error lists, in colour and on lines of their own, into one short line."""
    lines = [line.strip() for line in _plain(error).splitlines()]
    text = ": ".join(line for line in lines if line and "<unknown>" not in line)
    if len(text) > SHORT and (number := re.search(r"\(os error (\d+)\)", text)):
        # a long path stands before what the system says of it
        file = re.search(r"/[^:]*/([^/:]+)/([^/:]+?)(#\d+)?:", text)
        return f"{os.strerror(int(number[1]))}{f': {file[1]}/{file[2]}' if file else ''}"
    text = _NOISE.sub("", text).replace("; ", ", ")
    return f"{text[:SHORT].rpartition(' ')[0]} ..." if len(text) > SHORT else text or type(error).__name__


def _plain(error: Exception) -> str:
    return re.sub(r"\x1b\[[0-9;]*m|↳", "\n", str(error))


def _of_store(said: str, scheme: str) -> Cause | None:
    for pattern, what, way_out in _STORES:
        if re.search(pattern, said, re.IGNORECASE):
            words = _VARIABLES.get(scheme, _AWS)
            return Cause(what.format(**words), way_out.format(**words))
    return None


def _damage(said: str, file: str, *, is_write: bool) -> Cause | None:
    """Tell files that are gone or broken from other trouble; what is about to be written may be missing."""
    named = f"the file {file}" if file else "one of its files"
    if _BROKEN.search(said) and not _GONE.search(said):
        return Cause(f"{named} is broken", _BACKUP, True)
    if _MISSING.search(said) and (file.endswith((".parquet", ".json")) or not is_write):
        return Cause(f"{named} is missing", _BACKUP, True)
    if _LOG.search(said):
        return Cause("its log is broken", f"bring its folder _delta_log back from a backup; {ALL_DAMAGE}", True)
    return None


def _number(error: Exception, said: str) -> int:
    """Tell the system's number of an error; the engine prints it."""
    if isinstance(error, OSError) and error.errno:
        return error.errno
    found = _NUMBER.search(said)
    return int(found[1] or found[2]) if found else 0


def _file(said: str, folder: Path | None) -> str:
    """Find the file that is named, from the archive on; in an object store, as the store names it."""
    for start in [] if folder is None else {str(folder), os.path.realpath(folder)}:
        if found := re.search(
            re.escape(start) + r"/([^:'\"]+?)(#\d+)?( (not found|Permission denied|\().*)?(?=[:'\"]|$)", said
        ):
            return found[1]
    found = re.search(r"(\S+\.(?:parquet|json))\b", said)
    return found[1].rpartition("//")[2].lstrip("'\"(") if found else ""
