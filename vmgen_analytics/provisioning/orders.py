"""What a new VM shall be: every mistake that can be found without ordering it is found here."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from vmgen_analytics.api.secret import Secret
from vmgen_analytics.errors import CommandRefused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vmgen_analytics.api import Client

    Record = dict[str, Any]

SIZES = ("cpu_cores", "ram_GB", "storage_GB")
ACCESS = ("root_password", "ssh_keys_ids", "ssh_keys")
NUMBERS = ("location_id", *SIZES, "os_image_id", "marketplace_id", "version_id")
_PUBLIC_KEY = re.compile(r"(ssh-|ecdsa-|sk-)[a-z0-9@.-]+ +[A-Za-z0-9+/]{16,}={0,3}( .*)?", re.IGNORECASE)


@dataclass(frozen=True)
class Order:
    """A new VM, with the fields that the provider documents.

    Attributes
    ----------
    location_id
        Where it shall stand.
    name
        What it shall be called; without one the provider names it.
    package
        Its size as the location sells it,
    cpu_cores, ram_GB, storage_GB
        or a size of its own, which the account's settings must allow. [GB]
    os_image_id, marketplace_id
        What is installed on it: one of them.
    root_password, ssh_keys_ids, ssh_keys
        How its root is reached: at least one of them; numbers of keys in the account, or public keys themselves.
    version_id
        Number of a user data script that it runs at its first start.

    Raises
    ------
    CommandRefused
        A field is missing, contradicts another or cannot be what it should be; secrets are not shown.
    """

    location_id: int
    name: str | None = None
    package: str | None = None
    cpu_cores: int | None = None
    ram_GB: int | None = None
    storage_GB: int | None = None
    os_image_id: int | None = None
    marketplace_id: int | None = None
    root_password: Secret | None = None
    ssh_keys_ids: tuple[int, ...] | None = None
    ssh_keys: tuple[Secret, ...] | None = None
    version_id: int | None = None

    def __post_init__(self) -> None:
        refuse(
            [
                *_number_mistakes(self),
                *_text_mistakes(self),
                *_size_mistakes(self),
                *_image_mistakes(self),
                *_access_mistakes(self),
            ]
        )

    def body(self) -> Record:
        """Fields as they are sent: those that were given, the secrets still closed."""
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in given.items()
            if value is not None
        }

    def details(self) -> Record:
        """Fields for the log: of secrets only that there are some."""
        shown = self.body()
        if self.root_password is not None:
            shown["root_password"] = repr(self.root_password)
        if self.ssh_keys is not None:
            shown["ssh_keys"] = [repr(key) for key in self.ssh_keys]
        return shown

    def __str__(self) -> str:
        return self.name or "the new VM"


def closed(text: str | Secret | None) -> Secret | None:
    """Put a text into a secret, whatever it is; None stays None."""
    return text if text is None or isinstance(text, Secret) else Secret(text)


def closed_each(texts: Iterable[str | Secret] | str | Secret | None) -> tuple[Secret, ...] | None:
    """Put keys into secrets, one alone as well, without the line break that files end with; None stays None."""
    if texts is None:
        return None
    return tuple(
        text if isinstance(text, Secret) else Secret(text.strip() if isinstance(text, str) else text)
        for text in as_tuple(texts) or ()
    )


def as_tuple(given: Any) -> tuple[Any, ...] | None:
    """Take several things, or one, as a tuple; None stays None."""
    if given is None:
        return None
    return tuple(given) if isinstance(given, Iterable) and not isinstance(given, str | bytes) else (given,)


def refuse(mistakes: Sequence[str]) -> None:
    """Refuse what has mistakes.

    Raises
    ------
    CommandRefused
        There are any; all are told.
    """
    if mistakes:
        raise CommandRefused(f"nothing was sent: {'; '.join(mistakes)}")


def check_offered(client: Client, order: Order) -> None:
    """Compare an order with what the provider offers to this account; only looks.

    Parameters
    ----------
    client
        Whom to ask.
    order
        What shall be ordered.

    Raises
    ------
    CommandRefused
        Something is not offered, or the name is taken.
    VMgenError
        What is offered cannot be read.
    """
    places = _labels(client.locations(), "id", "name")
    mistakes = _choice("location_id", order.location_id, places)
    if not mistakes and order.package is not None:
        mistakes += _choice("package", order.package, _labels(client.packages(order.location_id), "name"))
    if order.os_image_id is not None:
        images = client.os_images()
        mistakes += _choice("os_image_id", order.os_image_id, _labels(images, "id", "os"))
        chosen = [image for image in images if str(image.get("id")) == str(order.os_image_id)]
        if order.version_id is not None and chosen and chosen[0].get("user_script") is False:
            mistakes.append(f"os_image_id {order.os_image_id} runs no user data scripts: leave out version_id")
    # of what follows, no variable here holds more than the numbers and names: records have contents
    if order.marketplace_id is not None:
        items = _labels(client.marketplace(), "id", "description")
        mistakes += _choice("marketplace_id", order.marketplace_id, items)
    if order.ssh_keys_ids:
        keys = _labels(client.ssh_keys(), "id", "name")
        mistakes += [mistake for key in order.ssh_keys_ids for mistake in _choice("ssh_keys_ids", key, keys)]
    if order.version_id is not None:
        scripts = _labels(client.user_data_scripts(), "version_id", "description")
        mistakes += _choice("version_id", order.version_id, scripts)
    refuse(mistakes)


def line_mistakes(name: str, text: object) -> list[str]:
    """Tell whether something is no text on one line."""
    is_line = isinstance(text, str) and bool(text.strip()) and text.isprintable()
    return [] if is_line else [f"{name} must be text on one line, and is {text!r}"]


def _labels(records: Iterable[Record], key: str, label: str = "") -> dict[str, str]:
    return {str(record.get(key)): str(record.get(label, "")) for record in records}


def _choice(field: str, chosen: object, offered: Mapping[str, str]) -> list[str]:
    """Tell what can be chosen, if it is not what was."""
    if str(chosen) in offered:
        return []
    nearest = difflib.get_close_matches(chosen, offered, n=1) if isinstance(chosen, str) else []
    hint = f", did you mean {nearest[0]!r}?" if nearest else ""
    there_are = ", ".join(f"{number} ({words})" if words else number for number, words in sorted(offered.items()))
    return [f"there is no {field} {chosen!r}{hint} (there is {there_are or 'none'})"]


def _number_mistakes(order: Order) -> list[str]:
    numbers = {name: getattr(order, name) for name in NUMBERS}
    mistakes = [
        f"{name} must be a whole number from 1 on, and is {value!r}"
        for name, value in numbers.items()
        if not _is_number(value) and (value is not None or name == "location_id")
    ]
    if order.ssh_keys_ids is not None and not all(map(_is_number, order.ssh_keys_ids)):
        mistakes.append(f"ssh_keys_ids must be whole numbers, and are {list(order.ssh_keys_ids)!r}")
    return mistakes


def _text_mistakes(order: Order) -> list[str]:
    given = {"name": order.name, "package": order.package}
    return [mistake for name, text in given.items() if text is not None for mistake in line_mistakes(name, text)]


def _size_mistakes(order: Order) -> list[str]:
    given = [name for name in SIZES if getattr(order, name) is not None]
    missing = [name for name in SIZES if name not in given]
    if order.package is not None:
        return [f"with a package, {' and '.join(given)} would be ignored: leave out one or the other"] if given else []
    if not given:
        return [f"it has no size: give a package, or {', '.join(SIZES)}"]
    return [f"{' and '.join(missing)} is missing: without a package all of {', '.join(SIZES)} are needed"] * bool(
        missing
    )


def _image_mistakes(order: Order) -> list[str]:
    chosen = [name for name in ("os_image_id", "marketplace_id") if getattr(order, name) is not None]
    return {
        0: ["nothing to install: give os_image_id or marketplace_id"],
        1: [],
        2: ["os_image_id and marketplace_id are both given: leave out one"],
    }[len(chosen)]


def _access_mistakes(order: Order) -> list[str]:
    if not any(getattr(order, name) for name in ACCESS):
        return [f"nobody could log in: give one of {', '.join(ACCESS)}"]
    mistakes = []
    if order.root_password is not None and not _is_password(order.root_password.reveal()):
        mistakes.append("root_password must be text that can be typed, without line breaks")
    for place, key in enumerate(order.ssh_keys or (), start=1):
        if "PRIVATE KEY" in str(key.reveal()):
            mistakes.append(
                f"ssh_keys has a private key in place {place}: never give that away; its .pub file is meant"
            )
        elif not _is_public_key(key.reveal()):
            mistakes.append(
                f"ssh_keys has no public key in place {place}: one begins with ssh-ed25519, ssh-rsa or alike"
            )
    return mistakes


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_password(text: object) -> bool:
    return isinstance(text, str) and bool(text.strip()) and text.isprintable()


def _is_public_key(text: object) -> bool:
    return isinstance(text, str) and text.strip().isprintable() and bool(_PUBLIC_KEY.fullmatch(text.strip()))
