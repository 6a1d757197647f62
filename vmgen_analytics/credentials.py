"""An account's API key and the header that carries it: in the environment, or in the system keyring."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

from vmgen_analytics.errors import SettingsError, VMgenError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from vmgen_analytics.settings import Account

log = logging.getLogger(__name__)

KEYRING_SERVICE = "vmgen_analytics"
DEFAULT_AUTH = "Authorization: Bearer {key}"


def api_key(name: str, account: Account, environ: Mapping[str, str] | None = None) -> str:
    """Find the API key of an account: in its environment variable, else in the system keyring.

    Raises
    ------
    SettingsError
        There is none.
    """
    environ = os.environ if environ is None else environ
    if key := environ.get(account.key_env):
        return key
    if key := _kept(name):
        return key
    raise SettingsError(
        f"no API key for account {name!r}: set {account.key_env}, "
        f"or keep it in the system keyring with: vmgen-analytics login --account {name}"
    )


def check_alone(
    name: str,
    accounts: Mapping[str, Account],
    base_url: str,
    is_key: Callable[[str], bool],
    environ: Mapping[str, str] | None = None,
) -> None:
    """Make sure that no other account of the settings reaches the same account of the provider.

    All of it would be stored twice: its VMs, its traffic and its costs.

    Parameters
    ----------
    name
        The account that is about to be asked.
    accounts
        All accounts of the settings.
    base_url
        Where it is asked.
    is_key
        Tells whether a text is its key, which is not shown here.
    environ
        The environment, for tests; by default this process's.

    Raises
    ------
    SettingsError
        Another account has the same address and the same key.
    """
    environ = os.environ if environ is None else environ
    for other, account in accounts.items():
        if other == name or account.base_url.rstrip("/") != base_url.rstrip("/"):
            continue
        if is_key(environ.get(account.key_env) or _kept(other) or ""):
            raise SettingsError(
                f"accounts {name} and {other} of the settings have the same base_url and the same API key, and all of "
                f"it would be stored twice: name a variable with another key by key_env ({other} has it from "
                f"{account.key_env if environ.get(account.key_env) else 'the system keyring'}), or leave out one of "
                "the two"
            )


def auth_header(name: str, account: Account, environ: Mapping[str, str] | None = None) -> str:
    """Find the header that carries the key of an account: the setting, else what login kept with the key.

    A key from the environment did not come from login: without the setting, it is sent as `DEFAULT_AUTH`.
    """
    environ = os.environ if environ is None else environ
    if account.auth is not None:
        return account.auth
    if environ.get(account.key_env):
        return DEFAULT_AUTH
    return _kept(f"{name}{_HEADER}") or DEFAULT_AUTH


def keep(name: str, key: str, auth: str) -> None:
    """Keep the key of an account, and the header that carries it, in the system keyring.

    Raises
    ------
    VMgenError
        There is no keyring here that keeps anything.
    """
    import keyring  # noqa: PLC0415 - slow to import, and mostly not needed

    try:
        keyring.set_password(KEYRING_SERVICE, f"{name}{_HEADER}", auth)
        keyring.set_password(KEYRING_SERVICE, name, key)
        is_kept = keyring.get_password(KEYRING_SERVICE, name) == key
    except Exception:  # noqa: BLE001 - a keyring raises whatever its system gives it, which may quote the key
        is_kept = False
    if not is_kept:
        raise VMgenError("this system has no keyring that keeps a key")


def is_kept(name: str) -> bool:
    """Tell whether the system keyring has a key of an account."""
    return bool(_kept(name))


_HEADER = ":auth"  # no account has a colon in its name


def _kept(name: str) -> str | None:
    import keyring  # noqa: PLC0415 - slow to import, and mostly not needed
    import keyring.errors  # noqa: PLC0415

    try:
        return keyring.get_password(KEYRING_SERVICE, name)
    except keyring.errors.KeyringError as error:
        if not isinstance(error, keyring.errors.NoKeyringError):  # no keyring holds no key: there is nothing to tell
            log.warning("the system keyring cannot be read: %s", type(error).__name__)  # its words may quote the key
        return None
