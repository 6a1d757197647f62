"""Text that must not be seen: held so that it cannot be printed, sent so that it leaves nothing behind."""

from __future__ import annotations

import hmac
import re
from typing import TYPE_CHECKING, Any, NoReturn

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from vmgen_analytics.errors import VMgenError

SHORTEST_PIECE = 8
"""So many letters of a secret in a row, in a text that others wrote, are hidden."""
HIDDEN = "<secret>"


class Secret:
    """Text that shows itself to nobody who does not ask for it by name.

    Examples
    --------
    >>> Secret("hunter2")
    <secret>
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Give the text away; only what sends it calls this."""
        return self._text

    def is_text(self, text: str) -> bool:
        """Tell whether a text says the same, but for blanks around it."""
        return hmac.compare_digest(self._text.encode(), text.strip().encode())

    def __repr__(self) -> str:
        return HIDDEN

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled")


def sealed(body: Mapping[str, Any]) -> orjson.Fragment:
    """Write a body with secrets in it as JSON whose repr shows nothing, for who prints variables."""
    return orjson.Fragment(orjson.dumps(dict(body), default=_revealed))


def secrets_in(value: Any) -> list[Secret]:
    """Collect the secrets of a body, however deep they are."""
    if isinstance(value, Secret):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return [secret for each in inner for secret in secrets_in(each)]


def without(error: VMgenError, secrets: Iterable[Secret]) -> VMgenError:
    """Take secrets, and where they were held, out of an error: some providers repeat what they do not accept.

    Parameters
    ----------
    error
        Is changed.
    secrets
        What it must not tell.

    Returns
    -------
    VMgenError
        The same error, without a traceback into the code that had the provider's answer.
    """
    secrets = list(secrets)
    error.args = tuple(_masked(each, secrets) for each in error.args)
    for name, value in vars(error).items():
        if name not in ("operation", "url"):  # ours, and told to whoever handles the error
            setattr(error, name, _masked(value, secrets))
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


def _revealed(value: Any) -> str:
    if isinstance(value, Secret):
        return value.reveal()
    raise TypeError(f"a {type(value).__name__} cannot be sent")


def _masked(value: Any, secrets: Iterable[Secret]) -> Any:
    if isinstance(value, str):
        for secret in secrets:
            value = _hidden(value, re.sub(r"\s+", " ", secret.reveal()).strip())
        return value
    if isinstance(value, dict):
        return {_masked(name, secrets): _masked(each, secrets) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_masked(each, secrets) for each in value)
    return value


def _hidden(text: str, secret: str) -> str:
    """Hide every piece of the secret: a text may hold a part of it only, or have been cut in the middle of it."""
    size = min(SHORTEST_PIECE, len(secret))
    if not size:
        return text
    is_secret = bytearray(len(text))
    for place in range(len(text) - size + 1):
        if text[place : place + size] in secret:
            is_secret[place : place + size] = b"\1" * size
    return re.sub(
        "\1+", HIDDEN, "".join("\1" if hide else letter for letter, hide in zip(text, is_secret, strict=True))
    )
