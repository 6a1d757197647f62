"""Faults of the connection and of the server: late, cut off, refused."""

import asyncio
import json
from datetime import timedelta
from email.utils import format_datetime

from vmgen_analytics.sandbox.exchange import Answer, Exchange

JSON = {"content-type": "application/json"}


async def status(
    exchange: Exchange,
    *,
    code: int = 503,
    retry_after: float | str | None = None,
    as_date: bool = False,
    message: str = "Something went wrong!",
) -> None:
    """Answer with a status, and do nothing.

    Parameters
    ----------
    exchange
        The request.
    code
        The status.
    retry_after
        Value of Retry-After: seconds, or any text.
    as_date
        Whether the seconds are sent as the date that they lead to, from the simulated now.
    message
        What the answer says.
    """
    headers = dict(JSON)
    if retry_after is not None:
        headers["retry-after"] = str(retry_after)
    if as_date:
        headers["retry-after"] = format_datetime(exchange.now + timedelta(seconds=float(retry_after or 0)), usegmt=True)
    await exchange.respond(Answer(code, headers, json.dumps({"message": message}).encode()))


async def slow(exchange: Exchange, *, seconds: float = 1.0) -> None:
    """Answer late."""
    await asyncio.sleep(seconds)
    await exchange.app(exchange.scope, exchange.receive, exchange.send)


async def drip(exchange: Exchange, *, seconds_per_byte: float = 0.05) -> None:
    """Send the body byte by byte."""
    answer = await exchange.answer()
    await exchange.begin(answer.status, answer.headers, len(answer.body))
    for place in range(len(answer.body)):
        await exchange.write(answer.body[place : place + 1], more=True)
        await asyncio.sleep(seconds_per_byte)
    await exchange.write(b"", more=False)


async def stall(exchange: Exchange) -> None:
    """Send half of the body, and then nothing until the client goes away."""
    answer = await exchange.answer()
    await exchange.begin(answer.status, answer.headers, len(answer.body))
    await exchange.write(answer.body[: len(answer.body) // 2], more=True)
    await exchange.wait_for_the_end()


async def reset(exchange: Exchange) -> None:
    """Reset the connection before any answer; nothing is done."""
    await exchange.hang_up(reset=True)


async def close(exchange: Exchange) -> None:
    """Close the connection before any answer; nothing is done."""
    await exchange.hang_up(reset=False)


async def truncate(exchange: Exchange) -> None:
    """Close the connection after half of the body that was announced."""
    answer = await exchange.answer()
    await exchange.begin(answer.status, answer.headers, len(answer.body))
    await exchange.write(answer.body[: len(answer.body) // 2], more=True)
    await exchange.hang_up(reset=False)


async def lost(exchange: Exchange) -> None:
    """Do what is asked, and reset the connection in place of an answer."""
    await exchange.answer()
    await exchange.hang_up(reset=True)


async def redirect(exchange: Exchange, *, to: str, code: int = 302) -> None:
    """Send the client to another address, and do nothing."""
    await exchange.respond(Answer(code, {"location": to}, b""))
