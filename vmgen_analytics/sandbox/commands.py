"""Power commands, and the jobs that they start."""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from vmgen_analytics.sandbox import models
from vmgen_analytics.sandbox.faults import Faults
from vmgen_analytics.sandbox.machines import Job
from vmgen_analytics.sandbox.manners import COMMANDS, Manners
from vmgen_analytics.sandbox.provider import Provider
from vmgen_analytics.sandbox.records import Record, timestamp
from vmgen_analytics.sandbox.refusals import BY_ID, Refused

router = APIRouter()


@router.post(
    "/virtual-machines/{id}/command",
    operation_id="command",
    tags=["Virtual Machines"],
    response_model=models.Accepted,
    responses=BY_ID,
)
async def command(id: models.VmId, order: models.Command, request: Request) -> Response:
    """Run a command for a specific virtual machine: reboot, power on or power off."""
    provider: Provider = request.state.account.provider
    provider.machine(id)
    manners: Manners = request.app.state.manners
    event = manners.event(order.command)
    if event is None:
        raise Refused({"command": [f"The command must be one of {', '.join(COMMANDS)}."]})
    return JSONResponse(accepted(request, provider.start(id, event, outcome(request, "command", id))))


def outcome(request: Request, operation: str, vm_id: int) -> str:
    """Return the status with which a job that starts now will end: success, but for a fault on request."""
    faults: Faults = request.app.state.faults
    return faults.job_status(operation, vm_id, request.state.account.number)


def accepted(request: Request, job: Job) -> Record:
    """Answer that a job has been started."""
    manners: Manners = request.app.state.manners
    answer = status_record(job)
    return answer | {"job_id": job.job_id} if manners.command_job_id else answer


def status_record(job: Job) -> Record:
    """Return the status of a job, as the operations that start and look up one job show it."""
    return {"job_status": job.status, "started_at": timestamp(job.started_at)}


async def job(id: models.VmId, jobId: int, request: Request) -> Response:
    """Retrieve the status of a specific job performed by your virtual machine."""
    provider: Provider = request.state.account.provider
    return JSONResponse(status_record(provider.job(jobId, id)))


async def job_by_id(job_id: int, request: Request) -> Response:
    """Retrieve the status of a specific job."""
    provider: Provider = request.state.account.provider
    return JSONResponse(status_record(provider.job(job_id)))


def job_routes(job_lookup: tuple[str, ...]) -> APIRouter:
    """Return the routes by which a job's status can be asked.

    Parameters
    ----------
    job_lookup
        Any of "post", "get" and "short", as in `Manners`.
    """
    routes = APIRouter()
    shape: dict[str, Any] = {
        "tags": ["Virtual Machines"],
        "response_model": models.JobStatus,
        "responses": BY_ID,
        "name": "job",
    }
    path = "/virtual-machines/{id}/jobs/{jobId}"
    # One operation, as the log and the faults know it, but a document must not give two ways the same id.
    if "post" in job_lookup:
        routes.add_api_route(path, job, methods=["POST"], operation_id="job", **shape)
    if "get" in job_lookup:
        routes.add_api_route(path, job, methods=["GET"], operation_id="job_by_get", **shape)
    if "short" in job_lookup:
        routes.add_api_route("/jobs/{job_id}", job_by_id, methods=["GET"], operation_id="job_by_id", **shape)
    return routes
