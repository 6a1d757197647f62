"""Every error that this package raises on purpose; each says what, why and what to do next.

- VMgenError
    - SettingsError            a setting, a file of settings or the key is wrong or missing
    - SchemaError              a frame is not the table that it should be
    - PriceError               a price book contradicts itself, or lacks what was asked of it
    - AllocationError          an invoice cannot be divided as asked
    - HistoryError             files of older months cannot be imported (``problems``)
    - ArchiveError             the archive cannot be read or written
        - ArchiveDamaged       what is stored is not what was written
        - ArchiveShut          what is stored cannot be looked at: a right is missing, or a disk fails
    - TransportError           no usable answer came
        - ConnectFailed        nothing was sent
            - NoSuchHost       there is no host of that name
            - TLSError         the provider's certificate cannot be trusted
        - ProviderDown         nothing was sent, as too many requests in a row had failed
        - ConnectionLost       the connection broke before the answer was whole
        - RequestTimeout       the answer did not come in time
        - RedirectRefused      the answer points somewhere else
    - ResponseError            an answer came that is not what the provider documents
        - NotJSON
        - TruncatedResponse
        - ResponseTooLarge
        - UnexpectedShape
        - UnexpectedDataError  a value cannot be read, and is missing in the table
        - ClockError           the provider's clock is more than a day from this machine's
        - IncompleteListing    fewer records came than the provider says there are
    - APIError                 the provider said no (``status``, ``retry_after_s``)
        - AuthenticationError
        - PermissionDenied
        - NotFound
            - VMGone           a VM that was listed is not there any more
        - Conflict
        - ValidationError
        - RateLimited
        - ServerError
    - Stopped                  not asked, as somebody pressed Ctrl-C before
    - FetchInterrupted         some VMs answered and some did not (``partial``, ``failures``, ``resume()``)
        - FetchStopped         by Ctrl-C; it is a KeyboardInterrupt as well
    - CommandError             a command to machines: power, deploying, deleting
        - CommandRefused       not sent: the VM is not what was asked for, or nobody confirmed
        - CommandOutcomeUnknown  sent once, and it cannot be told whether it was carried out
        - JobFailed
        - JobTimeout
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd


class VMgenError(Exception):
    """Base of every error of this package.

    Attributes
    ----------
    retryable
        Whether trying again can help.
    sent
        Whether the request left: no, maybe or yes.
    operation, url
        What was asked of the provider, and where, without any secret; empty where it was not asked.
    status
        HTTP status of the answer, 0 without one.
    """

    retryable: ClassVar[bool] = False
    sent = "no"
    operation = ""
    url = ""
    status = 0


class SettingsError(VMgenError, ValueError):
    """A setting, a file of settings or the key is wrong or missing."""


class SchemaError(VMgenError, ValueError):
    """A frame is not the table that it should be."""


class PriceError(VMgenError, ValueError):
    """A price book contradicts itself, or lacks what was asked of it."""


class AllocationError(VMgenError, ValueError):
    """An invoice cannot be divided as asked."""


class HistoryError(VMgenError, ValueError):
    """Files of older months cannot be imported, and nothing of them is.

    Attributes
    ----------
    problems
        What is wrong, line by line: file, line, column, value, and what is expected.
    """

    def __init__(self, message: str, problems: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.problems = problems


class ArchiveError(VMgenError):
    """The archive cannot be read or written."""


class ArchiveDamaged(ArchiveError):
    """What is stored is not what was written; `vmgen-analytics archive check` names where."""


class ArchiveShut(ArchiveError):
    """What is stored cannot be looked at, and may be whole: a right is missing, or a disk fails."""


class TransportError(VMgenError):
    """No usable answer came."""

    sent = "maybe"
    retryable = True


class ConnectFailed(TransportError):
    """No connection was made: the request was not sent."""

    sent = "no"


class NoSuchHost(ConnectFailed):
    """There is no host of that name: nothing was sent."""

    retryable = False


class TLSError(ConnectFailed):
    """The provider's certificate cannot be trusted, or it speaks no TLS: nothing was sent."""

    retryable = False


class ProviderDown(TransportError):
    """Too many requests in a row had failed, and this one was not sent."""

    sent = "no"


class ConnectionLost(TransportError):
    """The connection broke before the answer was whole: the request may have been carried out."""


class RequestTimeout(TransportError, TimeoutError):
    """The answer did not come in time: the request may have been carried out."""


class RedirectRefused(TransportError):
    """The answer points to another place, which is given neither the key nor the request."""

    sent = "yes"
    retryable = False


class ResponseError(VMgenError):
    """An answer came that is not what the provider documents."""

    sent = "yes"


class NotJSON(ResponseError):
    """The answer is not JSON: a maintenance page, a login page, a proxy."""

    retryable = True


class TruncatedResponse(ResponseError):
    """The answer ended too early."""

    retryable = True


class ResponseTooLarge(ResponseError):
    """The answer is larger than any answer should be."""


class UnexpectedShape(ResponseError):
    """The answer is JSON, but neither a list of records nor a record.

    Or it is records of which most cannot be read.
    """


class ClockError(ResponseError):
    """The provider's clock and this machine's are more than a day apart: days would be filed wrongly."""


class IncompleteListing(ResponseError):
    """Fewer records came than the provider says there are, and no way to the others is shown."""


class APIError(VMgenError):
    """The provider refused.

    Attributes
    ----------
    status
        HTTP status of the answer.
    retry_after_s
        Seconds that the provider asks to wait, where it said so.
    errors
        What it says is wrong, by field.
    request_id
        Its own name for the request, for those who ask its support; empty where it gave none.
    """

    sent = "yes"

    def __init__(self, message: str, *, status: int = 0, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after_s = retry_after_s
        self.errors: dict[str, str] = {}
        self.request_id = ""


class AuthenticationError(APIError):
    """The key is not accepted (401)."""


class PermissionDenied(APIError):
    """The key is accepted, but not for this (403)."""


class NotFound(APIError):
    """There is no such thing (404, 410)."""


class VMGone(NotFound):
    """A VM that was listed is not there any more: it was deleted since."""


class Conflict(APIError):
    """Something else is under way (409)."""

    retryable = True


class ValidationError(APIError):
    """The request is not what the provider accepts (400, 422)."""


class RateLimited(APIError):
    """Too many requests (429)."""

    retryable = True


class ServerError(APIError):
    """The provider failed (5xx, 408, 425)."""

    retryable = True


def why_unreadable(error: Exception) -> str:
    """Say why a file of the user's could not be read or written, without the system's numbers, and what to do.

    Parameters
    ----------
    error
        What opening or reading it raised.

    Returns
    -------
    str
        The end of a sentence.
    """
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8; save it as that"
    if isinstance(error, FileNotFoundError):
        return "there is no such file; write one there, or name another"
    if isinstance(error, IsADirectoryError):
        return "it is a folder; name a file"
    if isinstance(error, PermissionError):
        return "this user has no right to"
    return (isinstance(error, OSError) and error.strerror) or str(error)


@dataclass(frozen=True)
class Failure:
    """One thing that a fetch could not bring: the table and VM it was for, and why.

    ``vm_id`` is None where the whole table is meant.
    """

    table: str
    vm_id: int | None
    error: VMgenError

    def __str__(self) -> str:
        where = self.table if self.vm_id is None else f"{self.table} of VM {self.vm_id}"
        return f"{where}: {self.error}"


class UnexpectedDataError(ResponseError, ValueError):
    """A value in an answer could not be read, and is missing in the table.

    Attributes
    ----------
    field
        The provider's name for it, empty where a whole record is meant.
    """

    field = ""


class UnexpectedDataWarning(UserWarning):
    """A value in an answer could not be read, and is missing in the table."""


class SkippedVMWarning(UserWarning):
    """A VM that was listed is not there any more, and is not in the table."""


class Stopped(VMgenError):
    """Somebody pressed Ctrl-C before this was asked or answered."""

    retryable = True


class FetchInterrupted(VMgenError):
    """Some VMs answered and some did not; nothing that came is lost.

    Attributes
    ----------
    partial
        The table of what came, whole and typed.
    failures
        What did not come, and why.
    """

    retryable = True

    def __init__(self, partial: pd.DataFrame, failures: tuple[Failure, ...], again: Callable[[], pd.DataFrame]) -> None:
        first = failures[0]
        others = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
        super().__init__(f"{first}{others}; what came is in .partial, .resume() fetches the rest")
        self.partial = partial
        self.failures = failures
        self._again = again

    def resume(self) -> pd.DataFrame:
        """Fetch what is missing and return the whole table.

        Returns
        -------
        DataFrame
            The table that the interrupted fetch would have returned.

        Raises
        ------
        FetchInterrupted
            Something is still missing.
        """
        return self._again()

    def __reduce__(self) -> tuple[Callable[..., FetchInterrupted], tuple[Any, ...]]:
        """Pickle what came and what did not; the connection to fetch the rest stays behind."""
        return _without_connection, (type(self), self.partial, self.failures)


class FetchStopped(FetchInterrupted, KeyboardInterrupt):
    """Somebody pressed Ctrl-C before all VMs had answered; nothing that came is lost."""


def _without_connection(
    kind: type[FetchInterrupted], partial: pd.DataFrame, failures: tuple[Failure, ...]
) -> FetchInterrupted:
    def again() -> pd.DataFrame:
        raise SettingsError("this error was pickled, without its connection: fetch the VMs in .failures again")

    return kind(partial, failures, again)


class CommandError(VMgenError):
    """A command to a machine was not carried out, or nobody knows."""


class CommandRefused(CommandError):
    """The command was not sent: the VM is not what was asked for, or nobody confirmed."""


class CommandOutcomeUnknown(CommandError):
    """The command was sent once, and it cannot be told whether it was carried out."""

    sent = "maybe"


class JobFailed(CommandError):
    """The provider accepted the command and then failed to carry it out."""

    sent = "yes"


class JobTimeout(CommandError, TimeoutError):
    """The job had not ended when the time to wait for it was over; it may still end.

    Attributes
    ----------
    job
        What `vmgen_analytics.power.wait` takes to go on waiting; None where that cannot be done.
    """

    sent = "yes"
    job: Any = None


class WaitStopped(KeyboardInterrupt):
    """Somebody pressed Ctrl-C while a job was followed: the job goes on, the waiting does not.

    It is no `VMgenError`, so that nothing goes on that Ctrl-C should end.

    Attributes
    ----------
    job
        What `vmgen_analytics.power.wait` takes to go on waiting.
    """

    def __init__(self, message: str, job: Any = None) -> None:
        super().__init__(message)
        self.job = job
