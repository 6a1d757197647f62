"""How a job's status is asked for: the provider's page names two ways, servers may know a third."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vmgen_analytics.api.operations import JOB, JOB_ELSEWHERE, JOBS
from vmgen_analytics.errors import APIError, NotFound

if TYPE_CHECKING:
    from vmgen_analytics.api.calls import Calls
    from vmgen_analytics.api.operations import Operation

    Record = dict[str, Any]

TOPIC = "job lookup"
_NOT_HERE = (404, 405, 410)
_WAYS = (JOB, *JOB_ELSEWHERE)


class JobLookup:
    """Finds jobs by the first way that works, and keeps to it.

    Parameters
    ----------
    calls
        What asks.
    """

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._ways: tuple[Operation, ...] = _WAYS
        self._is_listed = False

    def find(self, vm_id: int, job_id: str, started_at: str) -> Record:
        """Find a job: as documented, by GET, by its number alone, and last in the list of the VM's jobs.

        Raises
        ------
        NotFound
            It is nowhere.
        VMgenError
            The provider did not answer as it documents.
        """
        if self._is_listed and (found := self._listed(vm_id, job_id, started_at)):
            return found
        for way in self._ways:
            try:
                record = self._calls.one(way, id=vm_id, job_id=job_id)
            except APIError as error:
                if error.status not in _NOT_HERE:
                    raise
                continue
            self._ways = (way,)
            self._calls.learned.note(TOPIC, f"the status of a job is asked for by {way}")
            return record
        if found := self._listed(vm_id, job_id, started_at):
            if len(self._ways) > 1:
                self._is_listed = True
                self._calls.learned.note(TOPIC, f"the status of a job is read from {JOBS}, as it cannot be asked for")
            return found
        raise NotFound(
            f"VM {vm_id} has no job {job_id}, neither by that number nor in the list of its jobs", status=404
        )

    def _listed(self, vm_id: int, job_id: str, started_at: str) -> Record | None:
        """Look for the job among those of the VM: by its number where they have one, else by when it began."""
        jobs = self._calls.every(JOBS, id=vm_id)
        found = [job for job in jobs if str(job.get("job_id", job.get("id", ""))) == job_id]
        found = found or [job for job in jobs if started_at and job.get("started_at") == started_at]
        if not found:
            return None
        return {"job_id": job_id, "job_status": found[0].get("status"), "started_at": found[0].get("started_at")}
