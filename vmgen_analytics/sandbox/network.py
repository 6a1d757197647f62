"""Addresses: each location has its own subnets, of the ranges set aside for benchmarks and documentation."""

from dataclasses import dataclass
from ipaddress import IPv6Address

from vmgen_analytics.sandbox.catalogue import LOCATIONS
from vmgen_analytics.sandbox.machines import Machine

SUBNETS_PER_LOCATION = 96  # of the 512 that 198.18.0.0/15 holds
HOSTS = 240  # VMs of a subnet; the addresses above are second addresses


@dataclass(frozen=True)
class Address:
    """One address of a VM."""

    ip_version: str
    ip: str
    gateway: str
    netmask: str
    broadcast: str
    is_primary: bool


def addresses(machine: Machine) -> list[Address]:
    """Return the addresses of a VM: the primary IPv4 one first, then a second one and IPv6 where it has them."""
    place, host = divmod(machine.address - 1, HOSTS)
    found = [_ipv4(machine, place, host + 2, is_primary=True)]
    if machine.vm_id % 11 == 0 and host < 12:
        found.append(_ipv4(machine, place, HOSTS + 2 + host, is_primary=False))
    if machine.vm_id % 7:
        net = IPv6Address(f"2001:db8:{machine.location.location_id:x}:{place:x}::")
        mask = "ffff:ffff:ffff:ffff::"
        found.append(Address("IPv6", str(net + host + 2), str(net + 1), mask, "", is_primary=True))
    return found


def _ipv4(machine: Machine, place: int, host: int, *, is_primary: bool) -> Address:
    subnet = LOCATIONS.index(machine.location) * SUBNETS_PER_LOCATION + place % SUBNETS_PER_LOCATION
    net = f"198.{18 + subnet // 256}.{subnet % 256}"
    return Address("IPv4", f"{net}.{host}", f"{net}.1", "255.255.255.0", f"{net}.255", is_primary)
