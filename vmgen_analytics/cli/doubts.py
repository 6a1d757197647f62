"""What syncs that nobody watches need and cannot see: keys, and variables that are set in this shell only."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from vmgen_analytics.credentials import is_kept

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from vmgen_analytics.cli.unattended import Run
    from vmgen_analytics.settings import Settings

Kind = Literal["cron", "systemd"]

OURS = ("VMGEN_BASE_URL", "VMGEN_AUTH")
NETWORK = (
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy"),
    *("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"),
)
"""The way out to the provider and to a store, where it is not the straight one."""


@dataclass(frozen=True)
class Store:
    """Variables by which an object store is reached.

    Attributes
    ----------
    sufficient
        Sets of variables of which each is enough to be known by.
    others
        What else is said to it by variables.
    elsewhere
        Where it finds credentials without variables.
    """

    sufficient: tuple[tuple[str, ...], ...]
    others: tuple[str, ...]
    elsewhere: str

    @property
    def variables(self) -> set[str]:
        """All of them."""
        return {*self.others, *(name for names in self.sufficient for name in names)}


S3 = Store(
    (
        ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
        ("AWS_PROFILE",),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN"),
        ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI",),
    ),
    (
        *("AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"),
        *("AWS_ALLOW_HTTP", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE", "AWS_VIRTUAL_HOSTED_STYLE_REQUEST"),
    ),
    "a role of this machine or ~/.aws",
)
GOOGLE = Store(
    (
        *(("GOOGLE_APPLICATION_CREDENTIALS",), ("GOOGLE_SERVICE_ACCOUNT",), ("GOOGLE_SERVICE_ACCOUNT_PATH",)),
        ("GOOGLE_SERVICE_ACCOUNT_KEY",),
    ),
    (),
    "an account of this machine or gcloud's default credentials",
)
AZURE = Store(
    (
        ("AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_ACCOUNT_KEY"),
        ("AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_SAS_TOKEN"),
        ("AZURE_STORAGE_ACCOUNT_NAME", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_TENANT_ID"),
        ("AZURE_STORAGE_ACCOUNT_NAME", "AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_FEDERATED_TOKEN_FILE"),
    ),
    ("AZURE_STORAGE_ENDPOINT", "AZURE_STORAGE_USE_EMULATOR", "AZURE_AUTHORITY_HOST"),
    "an identity of this machine, with AZURE_STORAGE_ACCOUNT_NAME",
)
STORES = {
    **dict.fromkeys(("s3", "s3a"), S3),
    **dict.fromkeys(("gs",), GOOGLE),
    **dict.fromkeys(("az", "abfs", "abfss", "adl"), AZURE),
}
"""How stores are reached, by the scheme of their addresses."""


def doubts(run: Run, settings: Settings, kind: Kind) -> Iterator[str]:
    """Say what the syncs need and cannot see, to be told before they are installed; last, what to do about it."""
    given = _given(run.variables, kind)
    store = STORES.get(run.archive.partition("://")[0]) if "://" in run.archive else None
    keyless = {name: account.key_env for name, account in settings.accounts.items() if account.key_env not in given}
    unkept = [name for name in keyless if not is_kept(name)]
    usual = {*OURS, *NETWORK, *(each.key_env for each in settings.accounts.values())}
    seen_here = {name for name in usual | (store.variables if store else set()) if os.environ.get(name)}
    lost = seen_here - given
    in_file = f" or in {run.variables}" if run.variables else ""
    if unkept:
        yield f"These syncs cannot succeed yet: no API key of {joined(unkept)} is in the system keyring{in_file}."
    if lost:
        yield f"They do not see {joined(sorted(lost))}, set in this shell only."
    if store and not _is_known(store, given):
        nowhere = f"in {run.variables}" if run.variables else "in a file of variables, as none was named"
        yield (
            f"No credentials for {run.archive} are {nowhere}: "
            f"the syncs reach it only if they find them by {store.elsewhere}."
        )
    if unread := _exported(run.variables, kind):
        yield (
            f"systemd passes over lines that begin with `export`, as that of {joined(unread)} in {run.variables}: "
            "take that word out of them."
        )
    kept = {name: variable for name, variable in keyless.items() if name not in unkept}
    if kept and not lost & set(kept.values()):
        yield (
            f"They find the API key of {joined(kept)} in the system keyring, if that is open while nobody is logged "
            "in; else it has to be in a file of variables as well."
        )
    wanted = sorted({*(keyless[name] for name in unkept), *lost} - set(unread))
    if wanted:
        yield _advice(run, settings, wanted, unkept)


def joined(names: Iterable[str]) -> str:
    """Put names into a sentence."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _advice(run: Run, settings: Settings, wanted: list[str], unkept: list[str]) -> str:
    """Say once what to write where, in lines that can be copied."""
    where = "a file that you alone can read (chmod 600), and name it with --variables FILE"
    lines = [f"Write what they need into {run.variables or where}:", *(f"  {name}=..." for name in wanted)]
    if unkept:
        is_plain = len(settings.accounts) == 1
        logins = [f"  vmgen-analytics login{'' if is_plain else f' --account {name}'}" for name in unkept]
        lines += [f"or keep the {'key' if len(unkept) == 1 else 'keys'} in the system keyring:", *logins]
    return "\n".join(lines)


def _is_known(store: Store, given: set[str]) -> bool:
    return any(given.issuperset(names) for names in store.sufficient)


_EXPORT = re.compile(r"export\s+")


def _given(variables: Path | None, kind: Kind) -> set[str]:
    """Find the names that a file of variables gives a value, as the shell reads it or as systemd does."""
    found = set()
    for line in _lines(variables):
        name, _, value = (line if kind == "systemd" else _EXPORT.sub("", line, count=1)).partition("=")
        if value.strip().strip("\"'"):
            found.add(name.strip())
    return found


def _exported(variables: Path | None, kind: Kind) -> list[str]:
    """Find the names that systemd does not see."""
    lines = _lines(variables) if kind == "systemd" else []
    return sorted(_EXPORT.sub("", line, count=1).partition("=")[0] for line in lines if _EXPORT.match(line))


def _lines(variables: Path | None) -> list[str]:
    text = variables.read_text(encoding="utf-8", errors="replace") if variables else ""
    return [line.strip() for line in text.splitlines()]
