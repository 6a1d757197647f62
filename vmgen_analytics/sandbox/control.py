"""The sandbox's own endpoints, for other processes: its clock, its faults, the requests that it received."""

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from vmgen_analytics.sandbox.clock import Clock, instant
from vmgen_analytics.sandbox.faults import Fault, Faults
from vmgen_analytics.sandbox.refusals import Refused

router = APIRouter(prefix="/sandbox", include_in_schema=False)


class Time(BaseModel):
    """What the clock shows, or shall show."""

    now: str


class Order(BaseModel):
    """A fault to be switched on."""

    kind: str
    operation: str | None = None
    vm_id: int | None = None
    account: int | None = None
    times: int | None = None
    details: dict[str, Any] = Field(default_factory=dict)


@router.get("/clock")
async def clock(request: Request) -> Response:
    """Return the simulated time."""
    shown: Clock = request.app.state.clock
    return JSONResponse({"now": shown.now().isoformat()})


@router.put("/clock")
async def set_clock(time: Time, request: Request) -> Response:
    """Set the simulated time."""
    try:
        request.app.state.clock.set(instant(time.now))
    except ValueError as error:
        raise Refused({"now": [str(error)]}) from error
    return await clock(request)


@router.get("/faults")
async def faults(request: Request) -> Response:
    """List the faults that are switched on."""
    active: Faults = request.app.state.faults
    return Response(_json([asdict(fault) for fault in active.active]), media_type="application/json")


@router.post("/faults")
async def add_fault(order: Order, request: Request) -> Response:
    """Switch a fault on."""
    try:
        request.app.state.faults.add(Fault(**order.model_dump()))
    except (ValueError, TypeError) as error:
        raise Refused({"kind": [str(error)]}) from error
    return await faults(request)


@router.delete("/faults")
async def clear_faults(request: Request) -> Response:
    """Switch all faults off."""
    request.app.state.faults.clear()
    return await faults(request)


@router.get("/requests")
async def requests(request: Request) -> Response:
    """List the requests that were received, without their headers."""
    rows = [asdict(received) for received in request.app.state.log.values()]
    return Response(
        _json([{name: value for name, value in row.items() if name != "headers"} for row in rows]),
        media_type="application/json",
    )


@router.delete("/requests")
async def forget(request: Request) -> Response:
    """Empty the list of requests."""
    request.app.state.log.clear()
    return await requests(request)


def _json(rows: list[dict[str, Any]]) -> str:
    return json.dumps(rows, default=lambda value: value.isoformat() if isinstance(value, datetime) else repr(value))
