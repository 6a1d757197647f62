"""Settings: the environment first, then ``vmgen.toml`` here, then the user's configuration folder."""

from __future__ import annotations

import difflib
import math
import os
import tomllib
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, Self, get_args, get_origin
from zoneinfo import ZoneInfo

import platformdirs

from vmgen_analytics.errors import SettingsError, why_unreadable

FILE_NAME = "vmgen.toml"
PATHS = ("archive", "prices", "cost_centres", "shared_costs", "transfer_policy", "vm_locations", "budgets", "limits")

AllocationKey = Literal["price_book", "package_weight", "bandwidth", "hours", "even"]

SETTLE_H = 6.0
"""How many hours after its end a day may change, where no setting says otherwise."""


@dataclass(frozen=True)
class Account:
    """One account at the provider, and how to speak to it (``auth`` None: as login kept it, else a bearer token)."""

    base_url: str = "https://api.my.vmgen.com"
    auth: str | None = None
    key_env: str = "VMGEN_API_KEY"
    invoice_period: Literal["same-month", "previous-month"] = "same-month"
    max_workers: int = 8
    time_zone: str | None = None
    settle_h: float = SETTLE_H


@dataclass(frozen=True)
class Allocation:
    """How invoices are divided: the key (None: the best that the data allows) and the weights of a package."""

    key: AllocationKey | None = None
    weights: Mapping[str, float] = field(default_factory=lambda: {"vcpus": 1.0, "ram_GB": 0.5, "disk_GB": 0.01})


@dataclass(frozen=True)
class Settings:
    """Everything that a user can set."""

    archive: str = "data/archive"
    currency: str = ""
    time_zone: str = "UTC"
    prices: str | None = None
    cost_centres: str | None = None
    shared_costs: str | None = None
    transfer_policy: str | None = None
    vm_locations: str | None = None
    budgets: str | None = None
    limits: str | None = None
    accounts: Mapping[str, Account] = field(default_factory=lambda: {"main": Account()})
    allocation: Allocation = field(default_factory=Allocation)

    @classmethod
    def load(cls, config: str | Path | None = None, environ: Mapping[str, str] | None = None) -> Self:
        """Read the settings that hold here.

        Parameters
        ----------
        config
            A file to read instead of ``vmgen.toml`` here and in the user's configuration folder. The variable
            VMGEN_CONFIG names one as well, or several as PATH does, of which the last ones win.
        environ
            The environment, for tests; by default this process's.

        Raises
        ------
        SettingsError
            A file cannot be read, or a setting is unknown, misspelt or of the wrong type.
        """
        environ = os.environ if environ is None else environ
        table: dict[str, Any] = {}
        for file in files_of_settings(config, environ):
            table |= _read(file)
        for name in ("archive", "prices"):
            if value := environ.get(f"VMGEN_{name.upper()}"):
                table[name] = value
        settings: Self = _build(cls, table, "")
        base_url, auth = environ.get("VMGEN_BASE_URL"), environ.get("VMGEN_AUTH")
        accounts = {
            name: replace(account, base_url=base_url or account.base_url, auth=auth or account.auth)
            for name, account in settings.accounts.items()
        }
        settings = replace(settings, accounts=accounts)
        settings._check()
        return settings

    def account(self, name: str | None = None) -> tuple[str, Account]:
        """Find an account by its name; without one, the only account, or ``main``.

        Raises
        ------
        SettingsError
            There is no such account, or there are several and none was named.
        """
        if name is None:
            if len(self.accounts) > 1 and "main" not in self.accounts:
                raise SettingsError(f"name one of the accounts {', '.join(self.accounts)} with --account")
            name = "main" if "main" in self.accounts else next(iter(self.accounts))
        if name not in self.accounts:
            raise SettingsError(f"no account {name!r} in the settings; they have {', '.join(self.accounts)}")
        return name, self.accounts[name]

    def zone(self, account: str, recorded: str | None = None) -> ZoneInfo:
        """Time zone of an account's usage days and billing month.

        Parameters
        ----------
        account
            Its name.
        recorded
            The zone that its syncs recorded, which holds where the settings do not name the account.
        """
        if recorded is not None and account not in self.accounts:
            return ZoneInfo(recorded)
        return ZoneInfo(self.accounts.get(account, Account()).time_zone or self.time_zone)

    def invoice_period(self, account: str) -> Literal["same-month", "previous-month"]:
        """Tell whether an account's invoices bill the month of their date or the month before."""
        return self.accounts.get(account, Account()).invoice_period

    def _check(self) -> None:
        if not self.accounts:
            raise SettingsError("there is no account; name one as [accounts.main], or leave out [accounts]")
        for name, account in self.accounts.items():
            _check_zone(account.time_zone or self.time_zone)
            if not 1 <= account.max_workers <= 32:
                raise SettingsError(f"accounts.{name}.max_workers is {account.max_workers}; it goes from 1 to 32")
            if not 0 <= account.settle_h <= 24 * 31:
                raise SettingsError(f"accounts.{name}.settle_h is {account.settle_h:g}; it goes from 0 to 744")
            if account.auth is not None and ("{key}" not in account.auth or ":" not in account.auth):
                raise SettingsError(
                    f"accounts.{name}.auth must be a header with {{key}} in it, as 'X-API-Key: {{key}}'"
                )
            if not name.replace("-", "").replace("_", "").isalnum():
                raise SettingsError(f"the account name {name!r} may have letters, digits, - and _ only")
        _check_zone(self.time_zone)
        if self.shared_costs and not self.cost_centres:
            raise SettingsError("shared_costs needs cost_centres: the rules that say who pays before it is shared")


def files_of_settings(config: str | Path | None, environ: Mapping[str, str]) -> list[Path]:
    """Find the files that hold here: the one that is named, else the user's own and the one of this folder.

    Parameters
    ----------
    config, environ
        As `Settings.load` takes them.

    Returns
    -------
    list
        In the order in which they are read: what a later one says wins.

    Raises
    ------
    SettingsError
        A file that is named does not exist.
    """
    named = config or environ.get("VMGEN_CONFIG")
    if not named:
        users = Path(platformdirs.user_config_dir("vmgen_analytics", appauthor=False)) / FILE_NAME
        return [file for file in (users, Path(FILE_NAME)) if file.is_file()]
    files = [Path(named)] if config or Path(named).is_file() else [Path(each) for each in str(named).split(os.pathsep)]
    for file in files:
        if not file.is_file():
            raise SettingsError(f"no file of settings at {file}; name one that exists, or leave out --config")
    return files


def _read(file: Path) -> dict[str, Any]:
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"cannot read the settings in {file}: {why_unreadable(error)}") from None
    for name in PATHS:
        path = table.get(name)
        if isinstance(path, str) and "://" not in path:
            table[name] = str(file.parent / Path(path).expanduser())
    return table


def _build(kind: Any, table: Mapping[str, Any], where: str) -> Any:
    """Make a dataclass of settings from a table, refusing what it does not know."""
    hints = typing.get_type_hints(kind)
    known = [each.name for each in fields(kind)]
    for name in table:
        if name in ("key", "api_key", "token") and kind is Account:
            raise SettingsError(f"{where}{name}: a key is never written in a file; name its variable with key_env")
        if name not in known:
            nearest = difflib.get_close_matches(name, known, n=1, cutoff=0)
            raise SettingsError(f"no setting {where}{name}; did you mean {where}{nearest[0]}?")
    return kind(**{name: _value(hints[name], value, f"{where}{name}") for name, value in table.items()})


def _value(hint: Any, value: Any, where: str) -> Any:  # noqa: PLR0911 - one line a kind of setting
    if hint in (Account, Allocation):
        return _build(hint, _table(value, where), f"{where}.")
    if get_origin(hint) is Mapping:
        inner = get_args(hint)[1]
        if inner is Account:
            return {name: _value(Account, each, f"{where}.{name}") for name, each in _table(value, where).items()}
        return _weights(_table(value, where), where)
    if get_origin(hint) in (types.UnionType, typing.Union):
        return _value(get_args(hint)[0], value, where)
    if get_origin(hint) is Literal:
        if value not in get_args(hint):
            raise SettingsError(f"{where} is {value!r}; it can be {', '.join(map(str, get_args(hint)))}")
        return value
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, hint) or isinstance(value, bool):
        raise SettingsError(f"{where} is {value!r}; it must be {_KINDS[hint]}")
    return value


_KINDS = {str: "text in quotes", int: "a whole number", float: "a number"}


def _weights(table: Mapping[str, Any], where: str) -> dict[str, float]:
    known = Allocation().weights
    for name, value in table.items():
        if name not in known:
            nearest = difflib.get_close_matches(name, known, n=1, cutoff=0)
            raise SettingsError(f"no setting {where}.{name}; did you mean {where}.{nearest[0]}?")
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
            raise SettingsError(f"{where}.{name} is {value!r}; it must be a number from 0 up")
    return {**known, **{name: float(value) for name, value in table.items()}}


def _table(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise SettingsError(f"{where} is {value!r}; it must be a table, as [{where}]")
    return value


def _check_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise SettingsError(f"time_zone is {name!r}; it must be a name as Europe/Amsterdam or UTC") from None
