"""Saving a user data script."""

from __future__ import annotations

import base64 as base64_encoding
import binascii
from typing import TYPE_CHECKING

from vmgen_analytics.errors import VMgenError
from vmgen_analytics.following import Following, is_unclear, look
from vmgen_analytics.logbook import written_down
from vmgen_analytics.provisioning.orders import closed, line_mistakes, refuse
from vmgen_analytics.targets import whole_number

if TYPE_CHECKING:
    from vmgen_analytics.api import Client
    from vmgen_analytics.api.secret import Secret
    from vmgen_analytics.archive import Archive


def save_user_data_script(
    client: Client,
    *,
    description: str,
    content: str | Secret,
    base64: bool = False,
    archive: Archive | None = None,
    reason: str = "",
    dry_run: bool = False,
    following: Following | None = None,
) -> int | None:
    """Save a user data script in the account, once.

    Parameters
    ----------
    client
        Whom to ask.
    description
        What to find it by, on one line.
    content
        The script.
    base64
        Whether the content is encoded so.
    archive
        Where this is written down, without the content; None writes nothing.
    reason
        Why, for the log.
    dry_run
        Do everything but send.
    following
        How long to look for it, should the answer be lost.

    Returns
    -------
    int
        Its number: ``version_id`` when deploying. None where nothing was sent.

    Raises
    ------
    CommandRefused
        Nothing was sent: a parameter is missing or wrong.
    CommandOutcomeUnknown
        It was sent once, and does not show among the scripts.
    ArchiveError
        It cannot be written down: before, then nothing was sent, or after.
    VMgenError
        The provider refused it, or could not be reached.
    """
    script = closed(content)
    content = ""  # from here on no variable holds it
    refuse([*line_mistakes("description", description), *_script_mistakes(script, is_base64=base64)])
    known = {str(script.get("version_id")) for script in client.user_data_scripts()}
    if dry_run or script is None:
        return None
    details = {"description": description, "base64": base64}
    with written_down(client, archive, "save_user_data_script", details=details, reason=reason) as line:
        told = f"the script {description!r} was sent once"
        try:
            number = whole_number(client.save_user_data_script(description, script, base64=base64).get("version_id"))
        except VMgenError as error:
            if not is_unclear(error):
                raise
            number = None
            told += f" and no clear answer came ({error})"
        if number is None:
            told += "; it does not show among the scripts: look there before sending it again"
            number = _new_script(client, description, known, following or Following(), told)
        line.note("done")
    return number


def _new_script(client: Client, description: str, known: set[str], following: Following, told: str) -> int | None:
    found: list[int | None] = []

    def shows() -> bool:
        found[:] = [
            whole_number(script.get("version_id"))
            for script in client.user_data_scripts()
            if str(script.get("version_id")) not in known and script.get("description") == description
        ]
        return len(found) == 1 and found[0] is not None

    look(shows, following, told)
    return found[0]


def _script_mistakes(script: Secret | None, *, is_base64: bool) -> list[str]:
    if script is None or not _can_be_sent(script.reveal()):
        return ["content is empty, or no text that can be sent"]
    if is_base64:
        try:
            base64_encoding.b64decode(script.reveal(), validate=True)
        except (binascii.Error, ValueError):
            return ["content is not base64: give it as it is, without base64=True"]
    return []


def _can_be_sent(text: object) -> bool:
    try:
        return isinstance(text, str) and bool(text.strip()) and bool(text.encode())
    except UnicodeEncodeError:
        return False
