"""How the simulated provider behaves on the wire, where its page leaves that open."""

from dataclasses import dataclass
from typing import Literal

COMMANDS = {
    "reboot": "reboot",
    "power_on": "power_on",
    "power on": "power_on",
    "power_off": "power_off",
    "power off": "power_off",
}


@dataclass(frozen=True)
class Manners:
    """Settings of the simulated provider, all of them about how it answers and none about what.

    Parameters
    ----------
    auth
        The header that carries the key.
    latency_s
        Time that each answer takes at least.
    requests_per_second
        Rate beyond which requests are answered with 429; a second's worth may come at once.
    retry_after
        Value of Retry-After on those answers, none by default.
    command_spelling
        Which spelling of "power on" and "power off" is accepted; any other is answered with 422.
    command_job_id
        Whether the answer to a command holds a job_id, as the text says, or not, as the example shows.
    job_lookup
        Where a job's status can be asked: "post" as documented, "get" on the same path, "short" GET /jobs/{job_id}.
    custom_sizes
        Whether VMs may be deployed by cpu_cores, ram_GB and storage_GB, which is a setting of the account.
    swagger
        Whether the API's pages and its OpenAPI document are served.
    """

    auth: str = "Authorization: Bearer {key}"
    latency_s: float = 0.0
    requests_per_second: float | None = None
    retry_after: float | str | None = None
    command_spelling: Literal["both", "power_on", "power on"] = "both"
    command_job_id: bool = True
    job_lookup: tuple[str, ...] = ("post",)
    custom_sizes: bool = True
    swagger: bool = True

    def event(self, command: str) -> str | None:
        """Return the event that a command stands for, or None where its spelling is refused."""
        refused = {"both": "", "power_on": " ", "power on": "_"}[self.command_spelling]
        return None if refused and refused in command else COMMANDS.get(command)
