"""Our own blocks of lines in the user's crontab, one for each archive; all other lines stay as they are."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from io import StringIO

from vmgen_analytics.cli.installed import Installed, archive_of
from vmgen_analytics.errors import SettingsError, VMgenError
from vmgen_analytics.scheduling.cron import command_of

_BEGIN = "# >>> vmgen-analytics{}: written by `vmgen-analytics schedule`, which may write it again >>>"
_END = "# <<< vmgen-analytics{} <<<"
_MARK = re.compile(r"# (?:(>>>) vmgen-analytics( [a-z0-9-]+)?: written by .*>>>|<<< vmgen-analytics( [a-z0-9-]+)? <<<)")


@dataclass(frozen=True)
class Block:
    """Lines of ours between their marks: the first and the last line, and of which archive they are."""

    first: int
    last: int
    of: Installed


def marks(name: str | None) -> tuple[str, str]:
    """Spell the lines before and after a block; an earlier version named no archive in them."""
    key = f" {name}" if name else ""
    return _BEGIN.format(key), _END.format(key)


def block(name: str, lines: list[str]) -> str:
    """Put our marks around the lines of an archive."""
    begin, end = marks(name)
    return "\n".join([begin, *lines, end, ""])


def is_here() -> bool:
    """Tell whether this machine has a crontab."""
    return shutil.which("crontab") is not None


def installed() -> str:
    """Read the user's crontab; empty where there is none.

    Raises
    ------
    VMgenError
        It cannot be read, or there is no cron here.
    """
    done = _crontab("-l")
    if done.returncode == 0:
        return done.stdout
    if "no crontab" in done.stderr.lower():
        return ""
    raise VMgenError(f"cannot read the crontab: {_said(done)}; nothing was changed")


def schedules() -> list[Installed]:
    """List what is installed in the user's crontab; nothing where there is no cron.

    Raises
    ------
    VMgenError
        It cannot be read.
    """
    return [each.of for each in blocks(installed())] if is_here() else []


def blocks(crontab: str) -> list[Block]:
    """Find our blocks in a crontab.

    Raises
    ------
    SettingsError
        Their marks do not match, so that nobody can tell which lines are ours.
    """
    lines = _lines(crontab)
    found = [(number, mark) for number, line in enumerate(lines) if (mark := _MARK.fullmatch(line.strip()))]
    pairs = list(zip(found[::2], found[1::2], strict=False))
    if len(found) % 2 or any(not _are_a_pair(begin, end) for (_, begin), (_, end) in pairs):
        begin, end = marks("NAME")
        raise SettingsError(
            f"the crontab has marks of ours that do not match ({len(found)} of them): leave one line {begin!r} before "
            f"the lines of each archive and one {end!r} after them, or take all of them out, with `crontab -e`"
        )
    return [
        Block(first, last, Installed((begin[2] or "").strip() or None, archive_of(_commands(lines[first:last]))))
        for (first, begin), (last, _) in pairs
    ]


def of_archive(crontab: str, key: str) -> str:
    """Read the blocks of an archive, with their marks."""
    lines = _lines(crontab)
    return "".join(line for each in blocks(crontab) if each.of.key == key for line in lines[each.first : each.last + 1])


def without_block(crontab: str, key: str) -> str:
    """Take the blocks of an archive out of a crontab.

    Raises
    ------
    SettingsError
        As for `blocks`.
    """
    ours = {number for each in blocks(crontab) if each.of.key == key for number in range(each.first, each.last + 1)}
    return "".join(line for number, line in enumerate(_lines(crontab)) if number not in ours)


def with_block(crontab: str, own: str, key: str) -> str:
    """Put a block into a crontab in place of that archive's, first: a CRON_TZ of the user's holds below it only.

    Raises
    ------
    SettingsError
        As for `blocks`.
    """
    return own + without_block(crontab, key)


def install(crontab: str) -> None:
    """Make a text the user's crontab, and look whether it is.

    Raises
    ------
    VMgenError
        Cron refused it.
    """
    done = _crontab("-", given=crontab)
    if done.returncode != 0:
        raise VMgenError(f"cron refused the new crontab: {_said(done)}; the old one stays")
    if installed() != crontab:
        raise VMgenError("cron took the new crontab, but it reads otherwise: look at it with `crontab -l`")


def _lines(crontab: str) -> list[str]:
    """Part a crontab into lines as cron does, and not at what else may break a line for Python."""
    return list(StringIO(crontab))


def _are_a_pair(begin: re.Match[str], end: re.Match[str]) -> bool:
    return begin[1] is not None and end[1] is None and begin[2] == end[3]


def _commands(lines: list[str]) -> list[list[str]]:
    """Read the words of the commands in lines of ours; somebody may have spoilt them."""
    found = []
    for line in lines:
        try:
            found.append(shlex.split(command_of(line)))
        except ValueError:
            continue
    return found


def _crontab(word: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run crontab; its bytes are kept, whatever they are and however its lines end."""
    command = ["crontab", word]
    try:
        done = subprocess.run(  # noqa: S603 - our own words
            command,
            input=None if given is None else given.encode(errors="surrogateescape"),
            capture_output=True,
            check=False,
        )
    except OSError as error:
        raise VMgenError(
            f"there is no crontab here that can be run ({error.strerror}): install cron, or use --format systemd"
        ) from None
    out, err = (each.decode(errors="surrogateescape") for each in (done.stdout, done.stderr))
    return subprocess.CompletedProcess(command, done.returncode, out, err)


def _said(done: subprocess.CompletedProcess[str]) -> str:
    return " ".join(done.stderr.split()) or f"exit status {done.returncode}"
