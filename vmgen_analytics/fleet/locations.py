"""Where VMs stand by the user's own word: the lines of ``vm_locations.csv``."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from vmgen_analytics.errors import SettingsError
from vmgen_analytics.lines import read_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vmgen_analytics.lines import Line

COLUMNS = ("account", "vm_id", "fqdn", "name", "fqdn_pattern", "location", "candidates", "note")
GROUP = "loc"
"""Name of the group with which a pattern catches the location's name."""


def dns_name(fqdn: str) -> str:
    """Spell a domain name as they are compared: without capitals and the final dot.

    >>> dns_name("WEB-01.Example.net.")
    'web-01.example.net'
    """
    return fqdn.removesuffix(".").lower()


class Named(Protocol):
    """What lines of the mapping look at."""

    @property
    def vm_id(self) -> int: ...  # noqa: D102
    @property
    def vm_name(self) -> str: ...  # noqa: D102
    @property
    def fqdn(self) -> str: ...  # noqa: D102
    @property
    def has_returned(self) -> bool: ...  # noqa: D102


@dataclass(frozen=True)
class VmLocation:
    """One line of the user's mapping: a VM by its number, its fqdn or a pattern of its name, and where it stands.

    ``fqdn_pattern`` is a regular expression, and weaker than all other evidence: names are often older than machines.
    ``where`` is the file and the line, as ``vm_locations.csv, line 3``.
    """

    location: str
    vm_id: int | None = None
    fqdn: str = ""
    name: str = ""
    account: str = ""
    fqdn_pattern: str = ""
    where: str = field(default="", compare=False)

    def is_of(self, vm: Named) -> bool:
        """Tell whether a line that names a VM's number means this machine of that number.

        A number that came back as another machine is meant with the fqdn that stands beside it, if one does.
        """
        return not (vm.has_returned and self.fqdn and dns_name(self.fqdn) != dns_name(vm.fqdn))

    def told(self) -> str:
        """Say by what the line knows the VM."""
        if self.vm_id is not None:
            return f"vm_id {self.vm_id}"
        given = {"fqdn": self.fqdn, "name": self.name, "fqdn_pattern": self.fqdn_pattern}
        return next(f"{column} {text}" for column, text in given.items() if text)


@dataclass(frozen=True)
class Mapping:
    """The user's lines for one account, ready to be asked about many VMs."""

    by_id: dict[int, list[VmLocation]]
    by_fqdn: dict[str, list[VmLocation]]
    by_name: list[VmLocation]
    patterns: list[tuple[re.Pattern[str], VmLocation]]

    @classmethod
    def of(cls, lines: Iterable[VmLocation], account: str) -> Mapping:
        """Sort the lines that hold for an account by what they know a VM by."""
        mapping = cls({}, {}, [], [])
        for line in lines:
            if line.account not in ("", account):
                continue
            if line.vm_id is not None:
                mapping.by_id.setdefault(line.vm_id, []).append(line)
            elif line.fqdn:
                mapping.by_fqdn.setdefault(dns_name(line.fqdn), []).append(line)
            elif line.name:
                mapping.by_name.append(line)
            elif line.fqdn_pattern:
                mapping.patterns.append((re.compile(line.fqdn_pattern), line))
        return mapping

    def line(self, vm: Named) -> VmLocation | None:
        """Find the line that fits a VM best: by number, else by fqdn, else by the pattern of its name.

        Raises
        ------
        SettingsError
            Two lines fit equally well and disagree.
        """
        numbered = [line for line in self.by_id.get(vm.vm_id, ()) if line.is_of(vm)]
        named = [line for line in self.by_name if vm.vm_name and fnmatchcase(vm.vm_name, line.name)]
        fitting = numbered or (self.by_fqdn.get(dns_name(vm.fqdn), []) if vm.fqdn else []) or named
        _agreed([line.location for line in fitting], vm)
        return fitting[0] if fitting else None

    def by_pattern(self, vm: Named) -> tuple[VmLocation, str] | None:
        """Find the pattern that fits a VM's fqdn, and the location that it names.

        Raises
        ------
        SettingsError
            Two patterns fit and disagree.
        """
        fits = [(match, line) for pattern, line in self.patterns if (match := pattern.search(vm.fqdn))]
        found = [(line, line.location or match[GROUP] or "") for match, line in fits]
        _agreed([location for _, location in found], vm)
        return found[0] if found else None


def read_vm_locations(path: str | Path) -> tuple[VmLocation, ...]:
    """Read the user's mapping of VMs to locations.

    Parameters
    ----------
    path
        CSV with the columns location and one or more of vm_id, fqdn (in any case, with or without a final dot), name
        (a pattern as ``web-*``) and fqdn_pattern (a regular expression, whose group ``loc`` may catch the location's
        name), besides account, note and candidates; a line that has candidates and no location yet, as
        `suggest_vm_locations` writes them, is left out.

    Raises
    ------
    SettingsError
        The file cannot be read, or a line is wrong: it is named.
    """
    if not Path(path).exists():
        raise SettingsError(
            f"there is no file {path}, which should tell where VMs stand: `vmgen-analytics locations --suggest "
            f"{shlex.quote(str(path))}` writes it, to be filled in"
        )
    found = (_located(line) for line in read_lines(path, "vm_locations", COLUMNS))
    return tuple(each for each in found if each is not None)


def _agreed(locations: Sequence[str], vm: Named) -> None:
    if len(set(locations)) > 1:
        raise SettingsError(
            f"vm_locations puts VM {vm.vm_id} ({vm.vm_name}) into {' and '.join(sorted(set(locations)))}; leave one"
        )


def _located(line: Line) -> VmLocation | None:
    vm_id, fqdn, name = (line.text(column) for column in ("vm_id", "fqdn", "name"))
    pattern, location = line.text("fqdn_pattern"), line.text("location")
    if vm_id and not vm_id.isdecimal():
        raise line.wrong(f"vm_id is {vm_id!r}; it must be a whole number")
    groups = _groups(line, pattern)
    if not location:
        if line.text("candidates"):
            return None
        if GROUP not in groups or vm_id or fqdn or name:
            raise line.wrong("the location is empty; leave the line out if it is unknown")
    if not (vm_id or fqdn or name or pattern):
        raise line.wrong("name the VM by vm_id, fqdn or name")
    return VmLocation(
        location=location,
        vm_id=int(vm_id) if vm_id else None,
        fqdn=fqdn,
        name=name,
        account=line.text("account"),
        fqdn_pattern=pattern,
        where=line.where,
    )


def _groups(line: Line, pattern: str) -> Iterable[str]:
    try:
        return re.compile(pattern).groupindex
    except re.error as error:
        raise line.wrong(f"fqdn_pattern {pattern!r} is no regular expression: {error}") from None
