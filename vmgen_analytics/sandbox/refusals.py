"""How requests are refused: ``{"message": ...}``, and with 422 also what is wrong with which parameter."""

from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from vmgen_analytics.sandbox import models
from vmgen_analytics.sandbox.operations import allowed
from vmgen_analytics.sandbox.provider import NotFound

NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"model": models.Problem}}
INVALID: dict[int | str, dict[str, Any]] = {422: {"model": models.Invalid}}
BY_ID = NOT_FOUND | INVALID  # of an operation on one VM or location


class Refused(Exception):
    """Parameters are missing or wrong; ``errors`` says which and why."""

    def __init__(self, errors: dict[str, list[str]]) -> None:
        super().__init__("The given data was invalid.")
        self.errors = errors


def add_refusals(app: FastAPI) -> None:
    """Make an app refuse requests as the provider does."""

    @app.exception_handler(NotFound)
    async def not_found(_: Request, error: NotFound) -> Response:
        return JSONResponse({"message": str(error)}, 404)

    @app.exception_handler(Refused)
    async def refused(_: Request, error: Refused) -> Response:
        return JSONResponse({"message": str(error), "errors": error.errors}, 422)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        errors: dict[str, list[str]] = {}
        for problem in error.errors():
            name = ".".join(str(part) for part in problem["loc"][1:]) or "body"
            errors.setdefault(name, []).append(problem["msg"])
        return await refused(request, Refused(errors))

    @app.exception_handler(HTTPException)
    async def other(_: Request, error: HTTPException) -> Response:
        return JSONResponse({"message": error.detail}, error.status_code, headers=error.headers)

    @app.exception_handler(405)
    async def method(request: Request, error: HTTPException) -> Response:
        methods = allowed(request.app.state.operations, request.url.path)
        return JSONResponse({"message": error.detail}, 405, {"Allow": methods})

    @app.exception_handler(400)
    async def unreadable(request: Request, error: HTTPException) -> Response:
        return await refused(request, Refused({"body": [error.detail]}))
