"""The web application that answers for a provider."""

from collections.abc import Sequence

from fastapi import FastAPI

from vmgen_analytics.sandbox import commands, control, deploys, extras, models, reads, swagger
from vmgen_analytics.sandbox.accounts import Account
from vmgen_analytics.sandbox.clock import Clock
from vmgen_analytics.sandbox.faults import Faults
from vmgen_analytics.sandbox.manners import Manners
from vmgen_analytics.sandbox.operations import operations
from vmgen_analytics.sandbox.refusals import add_refusals


def build_app(accounts: Sequence[Account], clock: Clock, manners: Manners) -> FastAPI:
    """Return the application. Its ``state`` has accounts, clock, manners, operations, faults and log.

    Who asks, the `Gate` tells it: the ``state`` of a request has its account.

    Parameters
    ----------
    accounts
        For whom it answers.
    clock
        The simulated time.
    manners
        How it answers.
    """
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
    job_routes = commands.job_routes(manners.job_lookup)
    routers = [reads.router, commands.router, job_routes, deploys.router, extras.router]
    app.state.accounts, app.state.clock, app.state.manners = accounts, clock, manners
    app.state.operations = operations(routers)
    app.state.faults = Faults(
        {operation.name for operation in app.state.operations}, {account.number for account in accounts}
    )
    app.state.log = {}
    for router in routers:
        app.include_router(router)
    app.include_router(control.router)
    if manners.swagger:
        app.include_router(swagger.router)
        swagger.write_document(app, manners.auth)
    add_refusals(app)
    return app
