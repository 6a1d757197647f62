"""``vmgen-analytics login``: the API key into the system keyring, with the header that the provider takes it in."""

from __future__ import annotations

import getpass
import os
import sys
import warnings
from typing import TYPE_CHECKING, Annotated

import typer

from vmgen_analytics.api.discovery import find_header
from vmgen_analytics.api.documents import read_document
from vmgen_analytics.cli.terminal import ArchiveUrl, Config, Verbose, progress, say, set_verbosity
from vmgen_analytics.credentials import DEFAULT_AUTH, KEYRING_SERVICE, keep
from vmgen_analytics.errors import SettingsError, VMgenError
from vmgen_analytics.settings import Settings

if TYPE_CHECKING:
    from vmgen_analytics.api.discovery import Found
    from vmgen_analytics.api.documents import Document
    from vmgen_analytics.settings import Account

LONGEST_KEY = 8_192


def login(
    account: Annotated[
        str | None, typer.Option("--account", help="Account in the settings; by default the only one.", metavar="NAME")
    ] = None,
    config: Config = None,
    archive: ArchiveUrl = None,  # noqa: ARG001 - every command takes it; this one has no use for it
    verbose: Verbose = 0,
) -> None:
    """Ask for the API key without showing it, find out how the provider wants it, and keep both in the keyring.

    The provider is asked for its account, with the header that its OpenAPI document names, else with the usual ones
    in turn, until one is accepted. The key may also come from standard input. It is written in no file.
    """
    set_verbosity(verbose)
    name, chosen = Settings.load(config).account(account)
    key = _asked_for(name, chosen)
    with progress("login") as step:
        step("looking for the provider's document")
        document = read_document(chosen.base_url)
        step("trying the key")
        found = find_header(key, chosen.base_url, _first(chosen, document))
    _tell(found, document)
    _kept(name, chosen, key, found.auth)
    _check_settings(name, chosen, found.auth)


def _asked_for(name: str, account: Account) -> str:
    """Read the key: from the terminal without echo, else from standard input.

    Raises
    ------
    SettingsError
        None was given, or the terminal would show it.
    """
    if sys.stdin.isatty():
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", getpass.GetPassWarning)
                key = getpass.getpass(f"API key of {name} at {account.base_url} (not shown): ", stream=sys.stderr)
        except getpass.GetPassWarning:
            raise SettingsError("this terminal would show the key: give it to standard input instead") from None
        except EOFError:
            key = ""
    else:
        key = sys.stdin.readline(LONGEST_KEY)
    if not key.strip():
        raise SettingsError("no key was given; the portal shows it under Account, Settings, API")
    return key.strip()


def _first(account: Account, document: Document | None) -> list[str]:
    return [*([account.auth] if account.auth else []), *(document.headers if document else ())]


def _tell(found: Found, document: Document | None) -> None:
    if document is None:
        say("The provider serves no OpenAPI document where it is usually served.")
    elif document.headers:
        say(f"The provider's document {document.path} names the header {document.headers[0]}")
    else:
        say(f"The provider's document {document.path} does not say how the key is sent.")
    for template in found.refused:
        say(f"  refused:  {template}")
    say(f"  accepted: {found.auth}")


def _kept(name: str, account: Account, key: str, auth: str) -> None:
    """Keep the key, or say how to do without a keyring.

    Raises
    ------
    VMgenError
        There is no keyring that keeps it.
    """
    try:
        keep(name, key, auth)
    except VMgenError as error:
        header = "" if auth == (account.auth or DEFAULT_AUTH) else f" and VMGEN_AUTH to '{auth}'"
        raise VMgenError(
            f"the key is good, but {error}, and it is never written in a file: "
            f"set the variable {account.key_env} to the key{header} instead"
        ) from None
    say(f"The key is kept in the system keyring (service {KEYRING_SERVICE}, name {name}), and the header beside it.")
    if os.environ.get(account.key_env):
        say(f"The variable {account.key_env} is set here and goes before the keyring: unset it to use the key kept.")
    option = "" if name == "main" else f" --account {name}"
    say(f"Next: vmgen-analytics doctor{option}, then vmgen-analytics sync{option}")


def _check_settings(name: str, account: Account, auth: str) -> None:
    """Refuse to end well where the settings would send the key in another way than the one found.

    Raises
    ------
    SettingsError
        They would.
    """
    if account.auth not in (None, auth):
        raise SettingsError(
            f"the settings send the key of {name} as '{account.auth}', which the provider refused: take VMGEN_AUTH or "
            f"auth out of them, or set it to '{auth}'"
        )
