"""The operations that only look, which may be repeated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vmgen_analytics.api import operations
from vmgen_analytics.errors import SettingsError

if TYPE_CHECKING:
    from vmgen_analytics.api.calls import Calls
    from vmgen_analytics.api.jobs import JobLookup
    from vmgen_analytics.api.operations import Operation

Record = dict[str, Any]


class Reads:
    """What can be asked of an account."""

    _calls: Calls
    _job_lookup: JobLookup

    def account(self) -> Record:
        """Read the account: credit, invoicing_model, billing_address."""
        return self._calls.one(operations.ACCOUNT)

    def invoices(self) -> list[Record]:
        """Read the invoices of the current month: id, date, status, total_cost."""
        return self._calls.every(operations.INVOICES)

    def locations(self) -> list[Record]:
        """Read the locations: id, name, continent."""
        return self._calls.every(operations.LOCATIONS)

    def packages(self, location_id: int) -> list[Record]:
        """Read the packages of a location: name, vcpus, ram_GB, disk_GB."""
        return self._calls.every(operations.PACKAGES, id=location_id)

    def vms(self) -> list[Record]:
        """Read the VMs: id, name, fqdn, state, uptime, ipv4, ipv6, package."""
        return self._calls.every(operations.VMS)

    def configuration(self, vm_id: int) -> Record:
        """Read one VM, with the fields of `vms`."""
        return self._calls.one(operations.CONFIGURATION, id=vm_id)

    def usage(self, vm_id: int) -> list[Record]:
        """Read the traffic of a VM for each day of the current month: date, in_MB, out_MB."""
        return self._calls.every(operations.USAGE, id=vm_id)

    def networking(self, vm_id: int) -> list[Record]:
        """Read the addresses of a VM: ip_version, ip, gateway, netmask, broadcast, rev_dns, is_primary."""
        return self._calls.every(operations.NETWORKING, id=vm_id)

    def jobs(self, vm_id: int) -> list[Record]:
        """Read the recent jobs of a VM: started_at, last_updated_at, event, status."""
        return self._calls.every(operations.JOBS, id=vm_id)

    def status(self, vm_id: int) -> Record:
        """Read the newest job of a VM, with the fields of `jobs`."""
        return self._calls.one(operations.STATUS, id=vm_id)

    def job(self, vm_id: int, job_id: str, started_at: str = "") -> Record:
        """Read a job of a VM: job_status, started_at.

        It is asked for in each way that the provider's page allows, until one works; that one is kept.

        Parameters
        ----------
        vm_id
            The VM.
        job_id
            The number that a command's answer gave.
        started_at
            When the answer said that it began, by which it can be told in the list of jobs.

        Raises
        ------
        NotFound
            It cannot be found in any way.
        """
        return self._job_lookup.find(vm_id, job_id, started_at)

    def payload(self, operation: Operation, **place: int | str) -> Any:
        """Read the answer to a GET as it came, decoded: the first page, with nothing taken out of it.

        Parameters
        ----------
        operation
            What to ask.
        **place
            What its path has in braces, as ``id=17``.

        Raises
        ------
        SettingsError
            The operation may change something.
        """
        if operation.method != "GET":
            raise SettingsError(f"{operation} does more than read")
        return self._calls.payload(operation, **place)

    def os_images(self) -> list[Record]:
        """Read the OS images: id, os, bits, user_script, clound_init (spelled so)."""
        return self._calls.every(operations.OS_IMAGES)

    def ssh_keys(self) -> list[Record]:
        """Read the account's SSH keys: id, created_at, name, content."""
        return self._calls.every(operations.SSH_KEYS)

    def marketplace(self) -> list[Record]:
        """Read the marketplace: id, description, os_description, script_content, type, base64."""
        return self._calls.every(operations.MARKETPLACE)

    def user_data_scripts(self) -> list[Record]:
        """Read the account's user data scripts: version_id, type, description, content."""
        return self._calls.every(operations.USER_DATA_SCRIPTS)
