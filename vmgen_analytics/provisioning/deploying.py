"""Deploying a VM."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vmgen_analytics.following import Following, follow
from vmgen_analytics.logbook import written_down
from vmgen_analytics.provisioning.births import Birth
from vmgen_analytics.provisioning.orders import Order, as_tuple, check_offered, closed, closed_each

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from vmgen_analytics.api import Client
    from vmgen_analytics.api.secret import Secret
    from vmgen_analytics.archive import Archive


@dataclass(frozen=True)
class Deployment:
    """A VM that was ordered.

    Attributes
    ----------
    order
        What was ordered; its secrets do not show.
    vm_id
        Its number, None as long as nobody knows it.
    requested_at
        When it was about to be sent, by the provider's clock; None where nothing was sent.
    outcome
        accepted or done; dry_run where nothing was sent.
    job_id
        The provider's number of the job, empty where it gave none.
    """

    order: Order
    vm_id: int | None = None
    requested_at: pd.Timestamp | None = None
    outcome: str = "dry_run"
    job_id: str = ""


def deploy(  # noqa: PLR0913 - the provider's parameters, all of them keywords
    client: Client,
    *,
    location_id: int,
    name: str | None = None,
    package: str | None = None,
    cpu_cores: int | None = None,
    ram_GB: int | None = None,
    storage_GB: int | None = None,
    os_image_id: int | None = None,
    marketplace_id: int | None = None,
    root_password: str | Secret | None = None,
    ssh_keys_ids: Sequence[int] | None = None,
    ssh_keys: Sequence[str | Secret] | None = None,
    version_id: int | None = None,
    archive: Archive | None = None,
    reason: str = "",
    dry_run: bool = False,
    wait: bool = True,
    following: Following | None = None,
) -> Deployment:
    """Order a new VM once, and follow it until it is in the inventory.

    Parameters
    ----------
    client
        Whom to ask.
    location_id
        Where it shall stand.
    name
        What it shall be called, which no other VM is. By it the VM is found again should the answer be lost.
    package
        Its size as the location sells it,
    cpu_cores, ram_GB, storage_GB
        or a size of its own, which the account's settings must allow. [GB]
    os_image_id, marketplace_id
        What is installed on it: one of them.
    root_password, ssh_keys_ids, ssh_keys
        How its root is reached: at least one of them; numbers of keys in the account, or public keys themselves.
    version_id
        Number of a user data script.
    archive
        Where the order is written down, before it is sent and after; None writes nothing.
    reason
        Why, for the log.
    dry_run
        Do everything but send.
    wait
        False returns as soon as the provider has accepted.
    following
        How long to follow it.

    Returns
    -------
    Deployment
        Its outcome is done, accepted (with ``wait=False``) or dry_run.

    Raises
    ------
    CommandRefused
        Nothing was sent: a parameter is missing or wrong, not offered, or the name is taken.
    CommandOutcomeUnknown
        It was sent once, and what came of it cannot be told: there may be a VM that costs money.
    JobFailed, JobTimeout
        It was accepted, and failed, or had not ended in time.
    ArchiveError
        It cannot be written down: before, then nothing was sent, or after.
    VMgenError
        The provider refused it, or could not be reached.
    """
    root_password = closed(root_password)  # from here on no variable holds them
    ssh_keys = closed_each(ssh_keys)
    order = Order(
        location_id=location_id,
        name=name,
        package=package,
        cpu_cores=cpu_cores,
        ram_GB=ram_GB,
        storage_GB=storage_GB,
        os_image_id=os_image_id,
        marketplace_id=marketplace_id,
        root_password=root_password,
        ssh_keys_ids=as_tuple(ssh_keys_ids),
        ssh_keys=ssh_keys,
        version_id=version_id,
    )
    following = following or Following()
    check_offered(client, order)
    birth = Birth(client, order, client.vms())
    if dry_run:
        return Deployment(order)
    with written_down(client, archive, "deploy", details=order.details(), reason=reason) as line:
        birth.send(following)
        line.note("accepted", vm_id=birth.vm_id, job_id=birth.job_id)
        if wait:
            follow(birth.status, following, f"deploying {order}")
            line.note("done", vm_id=birth.vm_id)
    outcome = "done" if wait else "accepted"
    return Deployment(order, birth.vm_id, line.requested_at, outcome, birth.job_id)
