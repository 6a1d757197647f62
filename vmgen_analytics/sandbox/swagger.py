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


def write_document(app: FastAPI, auth: str) -> None:
    """Write an app's OpenAPI document, as version 3.0, which is the newest that the page can show.

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
    document = as_version_3_0(app.openapi())
    document["openapi"] = "3.0.3"
    document["components"]["securitySchemes"] = {"key": scheme}
    document["security"] = [{"key": []}]
    app.openapi_schema = document


def as_version_3_0(node: Any) -> Any:
    """Return a part of an OpenAPI 3.1 document in the words of 3.0: nullable, example, enum."""
    if isinstance(node, list):
        return [as_version_3_0(item) for item in node]
    if not isinstance(node, dict):
        return node
    part = {name: as_version_3_0(value) for name, value in node.items()}
    choices = part.pop("anyOf", [])
    kinds = [choice for choice in choices if choice != {"type": "null"}]
    if len(kinds) < len(choices):
        part["nullable"] = True
    if len(kinds) == 1:
        part |= kinds[0]
    elif kinds:
        part["anyOf"] = kinds
    if isinstance(part.get("examples"), list):
        part["example"] = part.pop("examples")[0]
    if "const" in part:
        part["enum"] = [part.pop("const")]
    return part
