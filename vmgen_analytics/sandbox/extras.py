"""The operations around virtual machines: images, keys, marketplace, user data scripts, support tickets."""

import binascii
from base64 import b64decode

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from vmgen_analytics.sandbox import catalogue, models
from vmgen_analytics.sandbox.provider import Provider
from vmgen_analytics.sandbox.refusals import INVALID, Refused

router = APIRouter()


@router.get("/os-images", operation_id="os_images", tags=["OS Images"], response_model=list[models.OsImage])
async def os_images() -> Response:
    """Get a list of available OS images."""
    return JSONResponse(catalogue.OS_IMAGES)


@router.get("/ssh-keys", operation_id="ssh_keys", tags=["SSH Keys"], response_model=list[models.SshKey])
async def ssh_keys() -> Response:
    """Get a list of the SSH keys added to your account."""
    return JSONResponse(catalogue.SSH_KEYS)


@router.get(
    "/marketplace", operation_id="marketplace", tags=["Marketplace"], response_model=list[models.MarketplaceItem]
)
async def marketplace() -> Response:
    """Get a list of marketplace items; marketplace_id can stand for an OS image when deploying."""
    return JSONResponse(catalogue.MARKETPLACE)


@router.get(
    "/user-data-scripts",
    operation_id="user_data_scripts",
    tags=["User Data Scripts"],
    response_model=list[models.UserDataScript],
)
async def user_data_scripts(request: Request) -> Response:
    """Get user data scripts for your account; for deployment of a virtual machine, you can use version_id."""
    provider: Provider = request.state.account.provider
    return JSONResponse(provider.scripts)


@router.post(
    "/user-data-scripts",
    operation_id="save_user_data_script",
    tags=["User Data Scripts"],
    response_model=models.ScriptVersion,
    responses=INVALID,
)
async def save_user_data_script(script: models.NewScript, request: Request) -> Response:
    """Save a new data script."""
    provider: Provider = request.state.account.provider
    if script.base64:
        try:
            b64decode(script.script_content, validate=True)
        except (binascii.Error, ValueError) as error:
            raise Refused({"script_content": ["Not valid base64."]}) from error
    version_id = provider.scripts[-1]["version_id"] + 1
    provider.scripts.append(
        {
            "version_id": version_id,
            "type": script.type,
            "description": script.description,
            "content": script.script_content,
        }
    )
    return JSONResponse({"version_id": version_id})


@router.post(
    "/tickets/", operation_id="ticket", tags=["Support Tickets"], response_model=models.Problem, responses=INVALID
)
async def ticket(written: models.Ticket, request: Request) -> Response:
    """Create a new support ticket that will be sent to VMgen via email."""
    provider: Provider = request.state.account.provider
    provider.tickets.append(written.model_dump())
    return JSONResponse({"message": "The ticket has been sent."})
