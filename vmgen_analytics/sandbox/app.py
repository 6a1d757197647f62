"""The web application: the twenty operations, and which one a request means."""

from dataclasses import dataclass
from re import Pattern

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from vmgen_analytics.sandbox import commands, control, deploys, extras, models, reads, swagger
from vmgen_analytics.sandbox.faults import Faults
from vmgen_analytics.sandbox.manners import Manners
from vmgen_analytics.sandbox.provider import Provider
from vmgen_analytics.sandbox.refusals import add_refusals


@dataclass(frozen=True)
class Operation:
    """One of the provider's operations, and the path that means it."""

    name: str
    methods: frozenset[str]
    path: Pattern[str]


def build_app(provider: Provider, manners: Manners) -> tuple[FastAPI, list[Operation]]:
    """Return the application that answers for a provider, and the operations that it offers."""
    app = FastAPI(
        title="VMgen API",
        version="v1",
        description="A simulation of VMgen's API on this machine: nothing here exists, and nothing costs anything.",
        responses={401: {"model": models.Problem}, 429: {"model": models.Problem}},
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.provider, app.state.manners = provider, manners
    add_refusals(app)
    routers = [
        reads.router,
        commands.router,
        commands.job_routes(manners.job_lookup),
        deploys.router,
        extras.router,
    ]
    for router in routers:
        app.include_router(router)
    app.include_router(control.router)
    if manners.swagger:
        app.include_router(swagger.router)
        swagger.declare_key(app, manners.auth)
    operations = [operation for router in routers for operation in _operations(router)]
    app.state.faults = Faults({operation.name for operation in operations})
    return app, operations


def _operations(router: APIRouter) -> list[Operation]:
    return [
        Operation(route.operation_id, frozenset(route.methods or ()), route.path_regex)
        for route in router.routes
        if isinstance(route, APIRoute) and route.operation_id
    ]


def meant(offered: list[Operation], method: str, path: str) -> tuple[str | None, int | None]:
    """Return the operation and the VM id that a request means, each None where there is none."""
    for operation in offered:
        found = operation.path.match(path)
        if found and method in operation.methods:
            vm_id = found.groupdict().get("id", "") if path.startswith("/virtual-machines/") else ""
            return operation.name, int(vm_id) if vm_id.isdecimal() and len(vm_id) < 19 else None
    return None, None
