"""The API's pages at ``/swagger/``, from files on this machine alone, and its OpenAPI document."""

import mimetypes
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from swagger_ui_bundle import swagger_ui_path

from vmgen_analytics.sandbox.provider import NotFound

# The original asks swagger.io to validate the document and shows the document of a pet shop.
INITIALIZER = """
window.ui = SwaggerUIBundle({
  url: "v1/swagger.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
  layout: "StandaloneLayout",
});
"""

router = APIRouter(include_in_schema=False)


@router.get("/swagger/v1/swagger.json")
async def document(request: Request) -> Response:
    """Return the OpenAPI document."""
    return JSONResponse(request.app.openapi())


@router.get("/swagger/swagger-initializer.js")
async def initializer() -> Response:
    """Return the script that opens the document on the page."""
    return Response(INITIALIZER, media_type="text/javascript")


@router.get("/swagger/{name}")
async def page(name: str) -> Response:
    """Return the page, or a file that belongs to it."""
    files = {file.name: file for file in swagger_ui_path.iterdir()}
    if name not in files:
        raise NotFound(f"There is no page {name}.")
    return Response(files[name].read_bytes(), media_type=mimetypes.guess_type(name)[0])


def declare_key(app: FastAPI, auth: str) -> None:
    """Say in an app's OpenAPI document how the key is sent.

    Parameters
    ----------
    app
        The application.
    auth
        The header that carries the key, as in `Manners`.
    """
    header, _, value = auth.partition(":")
    bearer = header.lower() == "authorization" and value.strip().lower() == "bearer {key}"
    scheme: dict[str, Any] = (
        {"type": "http", "scheme": "bearer"} if bearer else {"type": "apiKey", "in": "header", "name": header.strip()}
    )
    declared = app.openapi()
    declared["components"]["securitySchemes"] = {"key": scheme}
    declared["security"] = [{"key": []}]
