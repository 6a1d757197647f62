"""The operations that only look."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from vmgen_analytics.sandbox import billing, catalogue, models, records
from vmgen_analytics.sandbox.clock import first_of_month
from vmgen_analytics.sandbox.provider import NotFound, Provider
from vmgen_analytics.sandbox.refusals import BY_ID

router = APIRouter()


def _provider(request: Request) -> Provider:
    provider: Provider = request.state.account.provider
    return provider


@router.get("/account", operation_id="account", tags=["Account"], response_model=models.Account)
async def account(request: Request) -> Response:
    """Get the details related to your account."""
    cents = _provider(request).seed * 7919 % 200_000
    return JSONResponse(
        {
            "credit": f"{cents / 100:.2f}",
            "invoicing_model": "after_payment",
            "billing_address": "Alex Example \n Warsaw \n 00-001 \n Mazovia \n Poland",
        }
    )


@router.get("/invoices", operation_id="invoices", tags=["Account"], response_model=list[models.Invoice])
async def invoices(request: Request) -> Response:
    """Get a list of invoices for your account for the current billing period (that is, the current month)."""
    provider = _provider(request)
    listed = billing.invoices(provider.seed, provider.machines.values(), provider.clock.now(), provider.days)
    return JSONResponse([records.invoice_record(invoice) for invoice in listed])


@router.get("/locations", operation_id="locations", tags=["Locations"], response_model=list[models.Location])
async def locations() -> Response:
    """Get a list of available locations."""
    return JSONResponse([records.location_record(location) for location in catalogue.LOCATIONS])


@router.get(
    "/locations/{id}/packages/",
    operation_id="packages",
    tags=["Packages"],
    response_model=list[models.Package],
    responses=BY_ID,
)
async def packages(id: models.LocationId) -> Response:
    """Get a list of available packages for a specific location."""
    if id not in catalogue.LOCATION_BY_ID:
        raise NotFound(f"There is no location {id}.")
    sold = catalogue.offers(catalogue.LOCATION_BY_ID[id])
    return JSONResponse([records.package_record(offered) for offered in sold])


@router.get(
    "/virtual-machines",
    operation_id="vms",
    tags=["Virtual Machines"],
    response_model=list[models.VirtualMachine],
)
async def vms(request: Request) -> Response:
    """Get a list of virtual machines for your account."""
    provider = _provider(request)
    now = provider.clock.now()
    return JSONResponse([records.vm_record(machine, now, provider.days) for machine in provider.living()])


@router.get(
    "/virtual-machines/{id}/configuration",
    operation_id="configuration",
    tags=["Virtual Machines"],
    response_model=models.VirtualMachine,
    responses=BY_ID,
)
async def configuration(id: models.VmId, request: Request) -> Response:
    """Get the configuration for a machine of a given ID number."""
    provider = _provider(request)
    return JSONResponse(records.vm_record(provider.machine(id), provider.clock.now(), provider.days))


@router.get(
    "/virtual-machines/{id}/usage",
    operation_id="usage",
    tags=["Virtual Machines"],
    response_model=list[models.Usage],
    responses=BY_ID,
)
async def usage(id: models.VmId, request: Request) -> Response:
    """Get the bandwidth usage of a specific machine identified by its ID number for the current month."""
    provider = _provider(request)
    machine, now = provider.machine(id), provider.clock.now()
    month = provider.meter.month(machine, first_of_month(provider.days.of(now)), now)
    return JSONResponse([records.usage_record(reading) for reading in month])


@router.get(
    "/virtual-machines/{id}/networking",
    operation_id="networking",
    tags=["Virtual Machines"],
    response_model=list[models.Networking],
    responses=BY_ID,
)
async def networking(id: models.VmId, request: Request) -> Response:
    """Get the networking information for a specific virtual machine, such as the IP addresses."""
    return JSONResponse(records.networking_records(_provider(request).machine(id)))


@router.get(
    "/virtual-machines/{id}/jobs",
    operation_id="jobs",
    tags=["Virtual Machines"],
    response_model=list[models.Job],
    responses=BY_ID,
)
async def jobs(id: models.VmId, request: Request) -> Response:
    """Get a list of recent jobs performed by a specific virtual machine."""
    provider = _provider(request)
    now = provider.clock.now()
    recent = [job for job in provider.jobs(id) if now - job.started_at <= records.RECENT]
    return JSONResponse([records.job_record(job, now) for job in recent])


@router.get(
    "/virtual-machines/{id}/status",
    operation_id="status",
    tags=["Virtual Machines"],
    response_model=models.Job,
    responses=BY_ID,
)
async def status(id: models.VmId, request: Request) -> Response:
    """Get the current status of a virtual machine of a specific ID: its last job."""
    provider = _provider(request)
    return JSONResponse(records.job_record(provider.jobs(id)[0], provider.clock.now()))
