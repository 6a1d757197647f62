"""Our own block of lines in the user's crontab; all other lines stay as they are."""

from __future__ import annotations

import subprocess

from vmgen_analytics.errors import SettingsError, VMgenError

BEGIN = "# >>> vmgen-analytics: written by `vmgen-analytics schedule`, which may write it again >>>"
END = "# <<< vmgen-analytics <<<"


def block(lines: list[str]) -> str:
    """Put our marks around lines."""
    return "\n".join([BEGIN, *lines, END, ""])


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


def without_block(crontab: str) -> str:
    """Take our block out of a crontab.

    Raises
    ------
    SettingsError
        Its marks do not match, so that nobody can tell which lines are ours.
    """
    lines = crontab.splitlines(keepends=True)
    marks = [(number, line.strip()) for number, line in enumerate(lines) if line.strip() in (BEGIN, END)]
    if not marks:
        return crontab
    if [mark for _, mark in marks] != [BEGIN, END]:
        raise SettingsError(
            f"the crontab has marks of ours that do not match ({len(marks)} of them): leave one line {BEGIN!r} before "
            f"our lines and one {END!r} after them, or take all of them out, with `crontab -e`"
        )
    (first, _), (last, _) = marks
    return "".join(lines[:first] + lines[last + 1 :])


def with_block(crontab: str, own: str) -> str:
    """Put our block into a crontab in place of the one there, first: a CRON_TZ of the user's holds below it only.

    Raises
    ------
    SettingsError
        As for `without_block`.
    """
    return own + without_block(crontab)


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


def _crontab(word: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(  # noqa: S603 - our own words
            ["crontab", word],  # noqa: S607 - wherever the system has it
            input=given,
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            check=False,
        )
    except OSError as error:
        raise VMgenError(
            f"there is no crontab here that can be run ({error.strerror}): install cron, or use --format systemd"
        ) from None


def _said(done: subprocess.CompletedProcess[str]) -> str:
    return " ".join(done.stderr.split()) or f"exit status {done.returncode}"
