"""Finds out how the provider wants its key, by trying one header after the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vmgen_analytics.api import envelope, operations
from vmgen_analytics.api.auth import ApiKey, KeyAuth, checked_base_url
from vmgen_analytics.api.documents import PATIENCE
from vmgen_analytics.api.transport import Request, Transport
from vmgen_analytics.errors import (
    APIError,
    AuthenticationError,
    NotJSON,
    RateLimited,
    RedirectRefused,
    UnexpectedShape,
    VMgenError,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMON = (
    "Authorization: Bearer {key}",
    "X-API-Key: {key}",
    "Authorization: {key}",
    "Authorization: Token {key}",
    "Api-Key: {key}",
    "X-Auth-Token: {key}",
)
"""Headers that carry a key elsewhere, the most common first."""

MAX_TRIES = 8
"""A wrong key is not shown to the provider more often than this."""

_NOT_ACCEPTED = (400, 401, 403, 500)  # a strange header makes some servers stumble


@dataclass(frozen=True)
class Found:
    """The header that was accepted, and those that were refused before it."""

    auth: str
    refused: tuple[str, ...]


def find_header(key: str, base_url: str, first: Sequence[str] = ()) -> Found:
    """Try headers on GET /account until one is accepted, each once, and none anywhere but at base_url.

    Parameters
    ----------
    key
        The API key.
    base_url
        Address of the provider.
    first
        Templates to try before the common ones.

    Raises
    ------
    AuthenticationError
        None is accepted.
    VMgenError
        Something else is wrong, which no other header would mend; too many requests (429) is of these.
    """
    secret, base_url = ApiKey(key), checked_base_url(base_url)
    refused: list[str] = []
    reasons: list[VMgenError] = []
    for template in list(dict.fromkeys((*first, *COMMON)))[:MAX_TRIES]:
        try:
            _ask_account(KeyAuth(secret, template, base_url), base_url)
        except RateLimited as error:
            raise _too_many(error, len(refused) + 1) from None
        except (APIError, NotJSON, RedirectRefused, UnexpectedShape) as error:
            if isinstance(error, APIError) and error.status not in (*_NOT_ACCEPTED, 200):
                raise
            refused.append(template)
            reasons.append(error)
        else:
            return Found(template, tuple(refused))
    raise _nothing_fits(refused, reasons)


def _ask_account(auth: KeyAuth, base_url: str) -> None:
    transport = Transport(base_url, auth, 1, PATIENCE)
    try:
        payload = transport.send(
            Request(operations.ACCOUNT.name, operations.ACCOUNT.method, operations.ACCOUNT.path)
        ).payload
    finally:
        transport.close()
    if not envelope.record(payload, operations.ACCOUNT).keys() & set(operations.ACCOUNT.fields):
        raise UnexpectedShape(f"{operations.ACCOUNT}: the answer has none of the documented fields")


def _too_many(error: RateLimited, asked: int) -> RateLimited:
    wait = "a few minutes" if error.retry_after_s is None else f"{error.retry_after_s:.0f} s"
    return RateLimited(
        f"the provider asks to wait (429) after {asked} {_tries(asked)}, so nothing more is tried; try again in {wait}",
        status=429,
        retry_after_s=error.retry_after_s,
    )


def _nothing_fits(refused: Sequence[str], reasons: Sequence[VMgenError]) -> VMgenError:
    """Say what all tries have in common: a key that is not accepted, or an address that is no API's."""
    if not any(isinstance(reason, APIError) for reason in reasons):
        return reasons[0]
    statuses = ", ".join(sorted({str(reason.status) for reason in reasons if isinstance(reason, APIError)}))
    return AuthenticationError(
        f"the key is not accepted in any of {len(refused)} headers (status {statuses}): copy it again, and see in the "
        "portal that the API is enabled; if the provider names a header for it, set VMGEN_AUTH, as 'X-Name: {key}'",
        status=next((reason.status for reason in reasons if isinstance(reason, APIError)), 0),
    )


def _tries(number: int) -> str:
    return "try" if number == 1 else "tries"
