"""All that is found out about a provider, and what to set."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from vmgen_analytics.api import envelope
from vmgen_analytics.doctor.answers import OPERATIONS, ask_all, ask_idle
from vmgen_analytics.doctor.days import of_idle_days, of_last_month, of_time_zone, read_days
from vmgen_analytics.doctor.discretion import may_be_told, shown_header
from vmgen_analytics.doctor.seen import Seen, describe
from vmgen_analytics.errors import AuthenticationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from vmgen_analytics.api import Client
    from vmgen_analytics.api.documents import Document
    from vmgen_analytics.doctor.answers import Answer


@dataclass(frozen=True)
class Examination:
    """What was found out: what came to each operation, sentences by topic, and the settings to use, as TOML."""

    base_url: str
    requests: int
    seen: tuple[Seen, ...]
    notes: Mapping[str, str]
    settings: str

    @property
    def exit_status(self) -> int:
        """0 where all that was documented came and can be used, 3 where a part did, 1 where nothing did."""
        if not any(each.outcome == "usable" for each in self.seen):
            return 1
        return 3 if any(each.outcome == "unusable" or each.is_unknown for each in self.seen) else 0

    def as_json(self) -> dict[str, Any]:
        """Return all of it, ready for JSON."""
        seen = [asdict(each) | {"differences": each.differences()} for each in self.seen]
        return asdict(self) | {"seen": seen, "exit_status": self.exit_status}


def examine(
    client: Client, auth: str, document: Document | None = None, progress: Callable[[str], None] = lambda _: None
) -> Examination:
    """Ask every read operation once, and compare what comes with the provider's page.

    Parameters
    ----------
    client
        Whom to ask.
    auth
        The template of the header that carries the key.
    document
        The provider's OpenAPI document, where one is served.
    progress
        Is told what is being asked.

    Returns
    -------
    Examination
        It names no VM, address, place or account.
    """
    answers = ask_all(client, progress)
    usage = answers["usage"]
    idle = None
    if usage.came and of_idle_days(usage.records(), None).startswith("cannot"):
        idle = ask_idle(client, answers["vms"])
    is_tellable = may_be_told(each.payload for each in (*answers.values(), *([idle] if idle else [])))
    seen = tuple(describe(answer, client, is_tellable) for answer in answers.values())
    notes = {"key": _of_key(auth, answers.values()), "document": _of_document(document, is_tellable)}
    if any(answer.came for answer in answers.values()):
        notes |= dict(_of_answers(client, answers, idle))
    return Examination(client.base_url, client.requests_sent, seen, notes, _settings(client, auth))


def _of_answers(client: Client, answers: Mapping[str, Answer], idle: Answer | None) -> Iterator[tuple[str, str]]:
    paged = [name for name, each in answers.items() if each.came and envelope.next_link(each.payload)]
    yield "paging", f"{', '.join(paged)}: in pages, which the client follows" if paged else "no answer has a next page"
    if refused := int(client.stats()["refused"]):
        yield "rate limit", f"the provider asked to wait {refused} times (429)"
    now = client.now()
    yield "clock", _of_clock(now, datetime.now(UTC))
    started = [record.get("started_at") for name in ("jobs", "status") for record in answers[name].records()]
    if texts := [text for text in started if isinstance(text, str)]:
        zoned = sum(re.search(r"(Z|[+-]\d\d:?\d\d)$", text.strip()) is not None for text in texts)
        rest = "" if zoned == len(texts) else "; without one, UTC is meant"
        yield "instants", f"{zoned} of {len(texts)} have a time zone in them{rest}"
    usage = answers["usage"]
    if days := read_days(usage.records()):
        yield "time zone", of_time_zone(days, now, client.zone)
        yield "idle days", of_idle_days(usage.records(), idle.records() if idle and idle.came else None)
        yield "last month", of_last_month(days, now.astimezone(client.zone).date())


def _of_key(auth: str, answers: Iterable[Answer]) -> str:
    is_refused = any(isinstance(each.error, AuthenticationError) for each in answers)
    return f"sent as {shown_header(auth)}{', and refused: run vmgen-analytics login' if is_refused else ''}"


def _of_document(document: Document | None, is_tellable: Callable[[str], bool]) -> str:
    if document is None:
        return "no OpenAPI document is served where it usually is"
    header = f"names {shown_header(document.headers[0])}" if document.headers else "does not say how the key is sent"
    ours, theirs = ({_unnamed(each) for each in some} for some in (map(str, OPERATIONS), document.operations))
    more = sorted(each for each in document.operations if _unnamed(each) not in ours)
    tellable = [each for each in more if all(map(is_tellable, re.findall(r"[^/{} -]+", each)))]
    listed = f", and {len(more)} more ({', '.join(tellable[:6]) or 'not named here'})" if more else ""
    return (
        f"OpenAPI {document.version} at {document.path} {header}; "
        f"it has {len(ours & theirs)} of our {len(ours)} operations{listed}"
    )


def _unnamed(operation: str) -> str:
    return re.sub(r"\{\w*\}", "{}", operation)


def _of_clock(provider: datetime, here: datetime) -> str:
    ahead_s = round((provider - here).total_seconds())
    side = "ahead of" if ahead_s > 0 else "behind"
    against = f"{abs(ahead_s)} s {side}" if abs(ahead_s) > 2 else "the same as"
    return f"{provider:%Y-%m-%d %H:%M} UTC at the provider, {against} this machine's"


def _settings(client: Client, auth: str) -> str:
    is_main = client.account_name == "main"
    lines = ["[accounts.main]" if is_main else "[accounts.NAME]  # your name for it", f'base_url = "{client.base_url}"']
    lines.append(f'auth = "{auth}"' if shown_header(auth) == auth else "# auth as you have it")
    lines.append(f'time_zone = "{client.zone.key}"')
    if client.stats()["refused"]:
        lines.append(f"max_workers = {max(1, client.max_workers // 2)}  # the provider asked to wait")
    return "\n".join(lines)
