"""The web application that answers for a provider."""

from fastapi import FastAPI

from vmgen_analytics.sandbox import commands, control, deploys, extras, models, reads, swagger
from vmgen_analytics.sandbox.faults import Faults
from vmgen_analytics.sandbox.manners import Manners
from vmgen_analytics.sandbox.operations import operations
from vmgen_analytics.sandbox.provider import Provider
from vmgen_analytics.sandbox.refusals import add_refusals


def build_app(provider: Provider, manners: Manners) -> FastAPI:
    """Return the application. Its ``state`` has provider, manners, operations, faults and log.

    Parameters
    ----------
    provider
        What it answers for.
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
    app.state.provider, app.state.manners = provider, manners
    app.state.operations = operations(routers)
    app.state.faults = Faults({operation.name for operation in app.state.operations})
    app.state.log = {}
    for router in routers:
        app.include_router(router)
    app.include_router(control.router)
    if manners.swagger:
        app.include_router(swagger.router)
        swagger.write_document(app, manners.auth)
    add_refusals(app)
    return app
