"""The API key: held so that it cannot be printed, and given to one origin only."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from requests.auth import AuthBase

from vmgen_analytics.api.secret import HIDDEN, SHORTEST_PIECE, Secret
from vmgen_analytics.errors import SettingsError

if TYPE_CHECKING:
    from requests import PreparedRequest

LOOPBACK = ("127.0.0.1", "localhost", "::1")


class ApiKey(Secret):
    """The key of an account.

    Raises
    ------
    SettingsError
        It is empty or has letters that no header can carry; it is not shown.
    """

    __slots__ = ()

    def __init__(self, text: str) -> None:
        text = text.strip()
        if not text or not text.isascii() or not text.isprintable():
            raise SettingsError("the API key is empty or holds characters that no key has; copy it again")
        super().__init__(text)


class KeyAuth(AuthBase):
    """Adds the key to requests for one origin, so that neither a redirect nor ``.netrc`` moves it.

    Parameters
    ----------
    key
        The API key.
    template
        The header, as ``Authorization: Bearer {key}``.
    base_url
        Where the key may go.

    Raises
    ------
    SettingsError
        The template is no header, or has no place for the key.
    """

    def __init__(self, key: ApiKey, template: str, base_url: str) -> None:
        self.header, _, self._value = (part.strip() for part in template.partition(":"))
        is_header = re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", self.header)
        if not is_header or "{key}" not in self._value or not (self._value.isascii() and self._value.isprintable()):
            raise SettingsError("auth must be a header with {key} in it, as 'X-API-Key: {key}'")
        self._key = key
        self._origin = origin(base_url)

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Add the header if the request goes to the key's origin."""
        if origin(request.url or "") == self._origin:
            request.headers[self.header] = self._value.replace("{key}", self._key.reveal())
        return request

    def __repr__(self) -> str:
        return f"KeyAuth({self.header}: <secret>)"

    def scrub(self, text: str) -> str:
        """Take the key out of a text that others wrote."""
        return text.replace(self._key.reveal(), HIDDEN)

    def scrub_bytes(self, content: bytes) -> bytes:
        """Take the key out of an answer, but for one that is so short that it may stand there by chance."""
        is_long = len(self._key.reveal()) >= SHORTEST_PIECE
        return content.replace(self._key.reveal().encode(), HIDDEN.encode()) if is_long else content


def origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port of an address."""
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def checked_base_url(base_url: str) -> str:
    """Return the base URL without its last slash.

    Raises
    ------
    SettingsError
        It is no URL, carries a user or a query, or would send the key in clear over the network.
    """
    try:
        parts = urlsplit(base_url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https") or "@" in parts.netloc or parts.query or parts.fragment:
        raise SettingsError("base_url must be an address as https://api.my.vmgen.com, without user, query or fragment")
    if parts.scheme == "http" and host not in LOOPBACK:
        raise SettingsError(f"base_url goes to {host} by plain http, which would show the key to others; use https")
    return base_url.rstrip("/")
