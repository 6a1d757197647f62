"""The shapes of answers and requests, field for field as the provider's page documents them."""

from typing import Annotated, Literal

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

VmId = Annotated[int, Path(description="The ID number of a specific virtual machine.")]
LocationId = Annotated[
    int,
    Path(
        description="The ID number of a location. "
        "Its variation that is used in other endpoints is the parameter location_id."
    ),
]


class Sent(BaseModel):
    """What a client sends; text for a number is an error."""

    model_config = ConfigDict(strict=True)


class Account(BaseModel):
    """Details of the account that the API key belongs to."""

    credit: str = Field(examples=["1000.00"])
    invoicing_model: str = Field(examples=["after_payment"])
    billing_address: str = Field(examples=["FirstName LastName \\n City \\n Code \\n State \\n Country"])


class Invoice(BaseModel):
    """An invoice of the current month."""

    id: int
    date: str
    status: str = Field(examples=["created"])
    total_cost: float


class Location(BaseModel):
    """A location; its id is the location_id of other endpoints."""

    id: int
    name: str
    continent: str


class Package(BaseModel):
    """A package, as a location offers it."""

    name: str
    vcpus: int
    ram_GB: int
    disk_GB: int


class VirtualMachine(BaseModel):
    """A virtual machine."""

    id: int
    name: str
    fqdn: str
    state: Literal["UP", "DOWN"]
    uptime: str
    ipv4: str
    ipv6: str
    package: str


class Usage(BaseModel):
    """The bandwidth usage of a day."""

    date: str = Field(examples=["2021-07-13"])
    in_MB: int
    out_MB: int


class Networking(BaseModel):
    """An IP address and its reverse DNS properties."""

    ip_version: str = Field(examples=["IPv4"])
    ip: str = Field(examples=["100.200.300.401"])
    gateway: str = Field(examples=["100.200.300.400"])
    netmask: str = Field(examples=["255.255.255.0"])
    broadcast: str = Field(examples=["100.200.300.999"])
    rev_dns: str = Field(examples=["test.machine.vmgen.com"])
    is_primary: bool


class Job(BaseModel):
    """A job performed by a virtual machine."""

    started_at: str = Field(examples=["2021-07-13T13:59:04.000000Z"])
    last_updated_at: str = Field(examples=["2021-07-13T14:02:05.000000Z"])
    event: str = Field(examples=["power_on"])
    status: str = Field(examples=["unknown"])


class Deployment(Job):
    """The job that deploys a virtual machine, and the id that the machine will have."""

    id: int


class Command(Sent):
    """A command for a virtual machine: reboot, power on or power off."""

    command: Literal["reboot", "power_on", "power on", "power_off", "power off"]


class JobStatus(BaseModel):
    """The status of a job."""

    job_status: str = Field(examples=["success"])
    started_at: str = Field(examples=["2021-10-20T13:43:12.000000Z"])


class Accepted(JobStatus):
    """The status of a job that has just been accepted, and its id."""

    job_id: int | None = None


class Problem(BaseModel):
    """What went wrong."""

    message: str = Field(examples=["Something went wrong!"])


class Invalid(Problem):
    """What is wrong with the parameters, by name."""

    errors: dict[str, list[str]]


class Deploy(Sent):
    """A new virtual machine."""

    location_id: int
    name: str | None = Field(None, max_length=60)
    package: str | None = None
    cpu_cores: int | None = Field(None, ge=1, le=64, description="Ignored if package is given.")
    ram_GB: int | None = Field(None, ge=1, le=512, description="Ignored if package is given.")
    storage_GB: int | None = Field(None, ge=10, le=10_000, description="Ignored if package is given.")
    os_image_id: int | None = None
    marketplace_id: int | None = None
    root_password: str | None = None
    ssh_keys_ids: list[int] | None = None
    ssh_keys: list[str] | None = None
    version_id: int | None = Field(None, description="A user data script.")


class OsImage(BaseModel):
    """An OS image; its id is the image_id of other endpoints."""

    id: int
    os: str
    bits: str
    user_script: bool
    clound_init: bool


class SshKey(BaseModel):
    """An SSH key of your account."""

    id: int
    created_at: str
    name: str
    content: str


class MarketplaceItem(BaseModel):
    """A marketplace item."""

    id: int
    description: str
    os_description: str
    script_content: str
    type: str = Field(examples=["user_data"])
    base64: bool


class UserDataScript(BaseModel):
    """A user data script of your account."""

    version_id: int
    type: str = Field(examples=["user_data"])
    description: str
    content: str


class NewScript(Sent):
    """A user data script to be saved."""

    description: str
    script_content: str
    base64: bool
    type: Literal["user_data"]


class ScriptVersion(BaseModel):
    """The version of a user data script."""

    version_id: int = Field(examples=[99])


class Ticket(Sent):
    """A support ticket."""

    topic: str
    text: str
    reply_to_email: str = Field(pattern="^[^@ ]+@[^@ ]+$", examples=["me@example.net"])
