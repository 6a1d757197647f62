"""Sending a support ticket."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from vmgen_analytics.errors import CommandOutcomeUnknown, VMgenError
from vmgen_analytics.following import is_unclear
from vmgen_analytics.logbook import written_down
from vmgen_analytics.provisioning.orders import line_mistakes, refuse

if TYPE_CHECKING:
    from vmgen_analytics.api import Client
    from vmgen_analytics.archive import Archive


def open_ticket(
    client: Client,
    *,
    topic: str,
    text: str,
    reply_to_email: str,
    archive: Archive | None = None,
    reason: str = "",
    dry_run: bool = False,
) -> str:
    """Send a support ticket, once; the provider mails it to its people.

    Parameters
    ----------
    client
        Whom to ask.
    topic
        What it is about, on one line.
    text
        The ticket. The provider's people read it, and it goes by mail: no passwords, no keys.
    reply_to_email
        Where they shall answer.
    archive
        Where this is written down, without the text; None writes nothing.
    reason
        Why, for the log.
    dry_run
        Do everything but send.

    Returns
    -------
    str
        What the provider says to it, empty where that is nothing.

    Raises
    ------
    CommandRefused
        Nothing was sent: a parameter is missing or wrong.
    CommandOutcomeUnknown
        It was sent once, and no clear answer came; tickets cannot be looked up.
    ArchiveError
        It cannot be written down: before, then nothing was sent, or after.
    VMgenError
        The provider refused it, or could not be reached.
    """
    refuse(
        [
            *line_mistakes("topic", topic),
            *([] if isinstance(text, str) and text.strip() else ["text is empty"]),
            *([] if _is_address(reply_to_email) else [f"reply_to_email {reply_to_email!r} is no address, as a@b.net"]),
        ]
    )
    if dry_run:
        return ""
    with written_down(client, archive, "ticket", details={"topic": topic}, reason=reason) as line:
        try:
            said = str(client.ticket(topic, text, reply_to_email).get("message") or "")
        except VMgenError as error:
            if not is_unclear(error):
                raise
            raise CommandOutcomeUnknown(
                f"the ticket {topic!r} was sent once and no clear answer came ({error}); tickets cannot be looked up: "
                "wait for the provider's mail before sending it again"
            ) from None
        line.note("done")
    return said


def _is_address(text: object) -> bool:
    return isinstance(text, str) and bool(re.fullmatch(r"[^@\s]+@[^@\s]+", text))
