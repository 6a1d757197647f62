"""The operations that deploy and delete virtual machines."""

from dataclasses import replace
from decimal import Decimal

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from vmgen_analytics.sandbox import catalogue, models
from vmgen_analytics.sandbox.catalogue import Location
from vmgen_analytics.sandbox.commands import accepted, outcome
from vmgen_analytics.sandbox.fleet import blank
from vmgen_analytics.sandbox.machines import Machine, Tenure
from vmgen_analytics.sandbox.provider import Provider
from vmgen_analytics.sandbox.records import job_record
from vmgen_analytics.sandbox.refusals import BY_ID, INVALID, Refused

router = APIRouter(tags=["Virtual Machines"])


@router.post("/virtual-machines/", operation_id="deploy", response_model=models.Deployment, responses=INVALID)
async def deploy(order: models.Deploy, request: Request) -> Response:
    """Deploy a new virtual machine, by package or by cpu_cores, ram_GB and storage_GB.

    os_image_id or marketplace_id is required, as well as one of root_password, ssh_keys_ids and ssh_keys.
    """
    provider: Provider = request.state.account.provider
    errors = _mistakes(order, custom_sizes=request.app.state.manners.custom_sizes)
    if errors:
        raise Refused(errors)
    machine = _ordered(order, provider)
    job = provider.start(machine.vm_id, "deploy", outcome(request, "deploy", machine.vm_id), deployed=machine)
    return JSONResponse({"id": machine.vm_id} | job_record(job, provider.clock.now()))


@router.delete("/virtual-machines/{id}", operation_id="delete", response_model=models.Accepted, responses=BY_ID)
async def delete(id: models.VmId, request: Request) -> Response:
    """Delete a virtual machine without a possibility to restore it: all data related to it will be lost."""
    provider: Provider = request.state.account.provider
    provider.machine(id)
    return JSONResponse(accepted(request, provider.start(id, "delete", outcome(request, "delete", id))))


def _mistakes(order: models.Deploy, *, custom_sizes: bool) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = {}
    location = catalogue.LOCATION_BY_ID.get(order.location_id)
    if location is None:
        errors["location_id"] = ["There is no such location."]
    if order.package is not None:
        if location and not catalogue.offer(location, order.package):
            errors["package"] = ["The location does not offer this package."]
    elif not custom_sizes:
        errors["package"] = ["A package is required: sizes of your own are not enabled for this account."]
    else:
        sizes = {"cpu_cores": order.cpu_cores, "ram_GB": order.ram_GB, "storage_GB": order.storage_GB}
        errors |= {name: ["Required without a package."] for name, size in sizes.items() if size is None}
    return errors | _image_mistakes(order) | _access_mistakes(order)


def _image_mistakes(order: models.Deploy) -> dict[str, list[str]]:
    offered = {"os_image_id": catalogue.OS_IMAGES, "marketplace_id": catalogue.MARKETPLACE}
    chosen = {"os_image_id": order.os_image_id, "marketplace_id": order.marketplace_id}
    if all(image_id is None for image_id in chosen.values()):
        return {"os_image_id": ["Required, or else marketplace_id."]}
    return {
        name: ["There is no such item."]
        for name, image_id in chosen.items()
        if image_id is not None and image_id not in {item["id"] for item in offered[name]}
    }


def _access_mistakes(order: models.Deploy) -> dict[str, list[str]]:
    if not (order.root_password or order.ssh_keys_ids or order.ssh_keys):
        return {"root_password": ["Required, or else ssh_keys_ids or ssh_keys."]}
    known = {key["id"] for key in catalogue.SSH_KEYS}
    if set(order.ssh_keys_ids or ()) - known:
        return {"ssh_keys_ids": ["There is no such key."]}
    return {}


def _ordered(order: models.Deploy, provider: Provider) -> Machine:
    location = catalogue.LOCATION_BY_ID[order.location_id]
    now = provider.clock.now()
    vm_id = provider.next_vm_id()
    machine = blank(vm_id, order.name or f"vm-{vm_id}", location, provider.next_address(location), now)
    package, price = _size(order, location)
    return replace(machine, tenures=(Tenure(provider.days.of(now), package, price),))


def _size(order: models.Deploy, location: Location) -> tuple[str, Decimal]:
    offered = catalogue.offer(location, order.package or "")
    if offered:
        return offered.name, offered.monthly_price
    price = catalogue.custom_price(order.cpu_cores or 0, order.ram_GB or 0, order.storage_GB or 0)
    return "Custom", price
