"""The provider's operations, word for word: method, path with its slashes, and the fields of a record."""

from __future__ import annotations

from dataclasses import dataclass

_VM = ("id", "name", "fqdn", "state", "uptime", "ipv4", "ipv6", "package")
_JOB = ("started_at", "last_updated_at", "event", "status")
_STARTED = ("job_id", "job_status", "started_at")


@dataclass(frozen=True)
class Operation:
    """One operation as the provider documents it; ``is_optional``: nothing else needs what it tells."""

    name: str
    method: str
    path: str
    fields: tuple[str, ...]
    is_optional: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


ACCOUNT = Operation("account", "GET", "/account", ("credit", "invoicing_model", "billing_address"))
INVOICES = Operation("invoices", "GET", "/invoices", ("id", "date", "status", "total_cost"))
LOCATIONS = Operation("locations", "GET", "/locations", ("id", "name", "continent"))
PACKAGES = Operation("packages", "GET", "/locations/{id}/packages/", ("name", "vcpus", "ram_GB", "disk_GB"))
VMS = Operation("vms", "GET", "/virtual-machines", _VM)
CONFIGURATION = Operation("configuration", "GET", "/virtual-machines/{id}/configuration", _VM)
USAGE = Operation("usage", "GET", "/virtual-machines/{id}/usage", ("date", "in_MB", "out_MB"))
NETWORKING = Operation(
    "networking",
    "GET",
    "/virtual-machines/{id}/networking",
    ("ip_version", "ip", "gateway", "netmask", "broadcast", "rev_dns", "is_primary"),
)
JOBS = Operation("jobs", "GET", "/virtual-machines/{id}/jobs", _JOB)
STATUS = Operation("status", "GET", "/virtual-machines/{id}/status", _JOB)
DEPLOY = Operation("deploy", "POST", "/virtual-machines/", ("id", "job_id", *_JOB))
COMMAND = Operation("command", "POST", "/virtual-machines/{id}/command", _STARTED)
JOB = Operation("job", "POST", "/virtual-machines/{id}/jobs/{job_id}", _STARTED)
DELETE = Operation("delete", "DELETE", "/virtual-machines/{id}", _STARTED)
OS_IMAGES = Operation(
    "os_images", "GET", "/os-images", ("id", "os", "bits", "user_script", "clound_init"), is_optional=True
)
SSH_KEYS = Operation("ssh_keys", "GET", "/ssh-keys", ("id", "created_at", "name", "content"), is_optional=True)
MARKETPLACE = Operation(
    "marketplace",
    "GET",
    "/marketplace",
    ("id", "description", "os_description", "script_content", "type", "base64"),
    is_optional=True,
)
USER_DATA_SCRIPTS = Operation(
    "user_data_scripts",
    "GET",
    "/user-data-scripts",
    ("version_id", "type", "description", "content"),
    is_optional=True,
)
SAVE_USER_DATA_SCRIPT = Operation("save_user_data_script", "POST", "/user-data-scripts", ("version_id",))
TICKET = Operation("ticket", "POST", "/tickets/", ("message",))

JOB_ELSEWHERE = (
    Operation("job", "GET", JOB.path, _STARTED),
    Operation("job", "GET", "/jobs/{job_id}", _STARTED),
)
"""Where a job's status may be asked for as well: the page contradicts itself."""
