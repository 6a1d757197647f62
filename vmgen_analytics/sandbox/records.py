"""The provider's records, field for field as its page documents them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from vmgen_analytics.sandbox.billing import Invoice
from vmgen_analytics.sandbox.catalogue import Location, Offer
from vmgen_analytics.sandbox.clock import Days
from vmgen_analytics.sandbox.machines import Job, Machine, up_since
from vmgen_analytics.sandbox.network import addresses
from vmgen_analytics.sandbox.traffic import Reading

Record = dict[str, Any]
RECENT = timedelta(days=30)  # how long the list of a VM's jobs remembers one


def timestamp(moment: datetime) -> str:
    """Write a moment as the provider does."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000000Z")


def invoice_record(invoice: Invoice) -> Record:
    """Return an invoice, as ``GET /invoices`` lists it."""
    return {
        "id": invoice.invoice_id,
        "date": invoice.date.isoformat(),
        "status": invoice.status,
        "total_cost": float(invoice.total_cost),
    }


def location_record(location: Location) -> Record:
    """Return a location, as ``GET /locations`` lists it."""
    return {"id": location.location_id, "name": location.name, "continent": location.continent}


def package_record(offered: Offer) -> Record:
    """Return a package, as ``GET /locations/{id}/packages/`` lists it."""
    return {
        "name": offered.name,
        "vcpus": offered.vcpus,
        "ram_GB": offered.ram_GB,
        "disk_GB": offered.disk_GB,
    }


def vm_record(machine: Machine, now: datetime, days: Days) -> Record:
    """Return a VM, as ``GET /virtual-machines`` lists it."""
    since = up_since(machine, now)
    found = addresses(machine)
    return {
        "id": machine.vm_id,
        "name": machine.name,
        "fqdn": machine.fqdn,
        "state": "DOWN" if since is None else "UP",
        "uptime": _uptime(machine, since, now),
        "ipv4": found[0].ip,
        "ipv6": next((address.ip for address in found if address.ip_version == "IPv6"), ""),
        "package": machine.package(days.of(now)),
    }


def _uptime(machine: Machine, since: datetime | None, now: datetime) -> str:
    if since is None:
        return "0" if machine.vm_id % 2 else ""
    lasted = now - since
    minutes, seconds = divmod(lasted.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    clock = f"{hours:02d}:{minutes:02d}:{seconds:02d}"
    if not lasted.days:
        return clock
    return f"{lasted.days} day{'s' if lasted.days > 1 else ''} {clock}"


def networking_records(machine: Machine) -> list[Record]:
    """Return the addresses of a VM, as ``GET /virtual-machines/{id}/networking`` lists them."""
    return [
        {
            "ip_version": address.ip_version,
            "ip": address.ip,
            "gateway": address.gateway,
            "netmask": address.netmask,
            "broadcast": address.broadcast,
            "rev_dns": machine.fqdn if address.is_primary else "",
            "is_primary": address.is_primary,
        }
        for address in addresses(machine)
    ]


def usage_record(reading: Reading) -> Record:
    """Return the traffic of a day, as ``GET /virtual-machines/{id}/usage`` lists it."""
    return {"date": str(reading.day), "in_MB": reading.in_MB, "out_MB": reading.out_MB}


def job_record(job: Job, now: datetime) -> Record:
    """Return a job, as ``GET /virtual-machines/{id}/jobs`` lists it."""
    return {
        "started_at": timestamp(job.started_at),
        "last_updated_at": timestamp(min(job.finished_at, now)),
        "event": job.event,
        "status": job.status if job.finished_at <= now else "running",
    }
