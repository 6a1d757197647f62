"""What the provider sells, and what it charges, which it never tells."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Location:
    """A data centre."""

    location_id: int
    name: str
    continent: str
    weight: float  # share of the fleet that lives there


@dataclass(frozen=True)
class Offer:
    """A package as one location sells it."""

    name: str
    vcpus: int
    ram_GB: int
    disk_GB: int
    monthly_price: Decimal
    weight: float  # how often it is bought


LOCATIONS = (
    Location(1, "Warsaw", "Europe", 0.32),
    Location(2, "Amsterdam", "Europe", 0.26),
    Location(5, "New York", "North America", 0.20),
    Location(6, "Dallas", "North America", 0.10),
    Location(9, "Singapore", "Asia", 0.12),
)
LOCATION_BY_ID = {location.location_id: location for location in LOCATIONS}

_STANDARD = (
    Offer("Nano", 1, 1, 20, Decimal("4.50"), 4),
    Offer("Micro", 1, 2, 40, Decimal("8.00"), 5),
    Offer("Small", 2, 4, 60, Decimal("14.00"), 6),
    Offer("Medium", 2, 8, 100, Decimal("25.00"), 4),
    Offer("Large", 4, 16, 200, Decimal("47.00"), 2),
    Offer("XLarge", 8, 32, 400, Decimal("89.00"), 0.5),
)
# Prices differ by place for some, "Medium" is smaller in Singapore, and two packages are sold in one place only.
_OFFERS = {
    "Warsaw": _STANDARD,
    "Amsterdam": (*_STANDARD, Offer("Storage", 2, 4, 2000, Decimal("32.00"), 2)),
    "New York": _STANDARD,
    "Dallas": _STANDARD[:5],
    "Singapore": (
        Offer("Nano", 1, 1, 20, Decimal("5.40"), 4),
        Offer("Micro", 1, 2, 40, Decimal("9.60"), 5),
        Offer("Small", 2, 4, 60, Decimal("16.80"), 6),
        Offer("Medium", 2, 6, 80, Decimal("25.00"), 4),
        Offer("Memory", 2, 32, 80, Decimal("58.00"), 1),
    ),
}


def offers(location: Location) -> tuple[Offer, ...]:
    """Return the packages that a location sells."""
    return _OFFERS[location.name]


def offer(location: Location, package: str) -> Offer | None:
    """Return a package as a location sells it, or None where it does not."""
    return next((offered for offered in offers(location) if offered.name == package), None)


def custom_price(cpu_cores: int, ram_GB: int, storage_GB: int) -> Decimal:
    """Return the monthly price of a VM whose size was chosen freely."""
    return 4 * Decimal(cpu_cores) + 2 * Decimal(ram_GB) + Decimal("0.05") * Decimal(storage_GB)


OS_IMAGES = (
    {"id": 11, "os": "Debian 12", "bits": "64", "user_script": True, "clound_init": True},
    {"id": 12, "os": "Ubuntu 24.04", "bits": "64", "user_script": True, "clound_init": True},
    {"id": 13, "os": "Rocky Linux 9", "bits": "64", "user_script": True, "clound_init": True},
    {"id": 17, "os": "FreeBSD 14", "bits": "64", "user_script": False, "clound_init": False},
    {"id": 21, "os": "Windows Server 2022", "bits": "64", "user_script": False, "clound_init": False},
)

SSH_KEYS = (
    {
        "id": 3,
        "created_at": "2025-02-11T09:12:44.000000Z",
        "name": "laptop",
        "content": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAISandboxSandboxSandboxSandboxSandbox01 laptop",
    },
    {
        "id": 4,
        "created_at": "2025-06-30T15:40:02.000000Z",
        "name": "deploy",
        "content": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAISandboxSandboxSandboxSandboxSandbox02 deploy",
    },
)

MARKETPLACE = (
    {
        "id": 1,
        "description": "WordPress",
        "os_description": "Debian 12",
        "script_content": "#!/bin/sh\napt-get install -y wordpress\n",
        "type": "user_data",
        "base64": False,
    },
    {
        "id": 2,
        "description": "Docker",
        "os_description": "Ubuntu 24.04",
        "script_content": "IyEvYmluL3NoCmFwdC1nZXQgaW5zdGFsbCAteSBkb2NrZXIuaW8K",
        "type": "user_data",
        "base64": True,
    },
)

FIRST_SCRIPT = {
    "version_id": 41,
    "type": "user_data",
    "description": "Monitoring agent",
    "content": "#!/bin/sh\napt-get install -y prometheus-node-exporter\n",
}
