"""The Python that does what the power console does, in the public names that a script uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vmgen_analytics.widgets.power_orders import Order


def reproduction(order: Order | None, account: str, url: str, reason: str) -> str:
    """Write a script that sends an order; without one, it reads the VMs.

    Parameters
    ----------
    order
        What was prepared last.
    account
        Name of the account in the settings, which also say where its key is.
    url
        Where commands are written down.
    reason
        Why, for the log.

    Returns
    -------
    str
        Python, without any secret.
    """
    client = f"client = va.Client.from_env({account!r})"
    if order is None:
        return "\n".join(("import vmgen_analytics as va", "", client, "vms = va.fetch_vms(client)"))
    why = f", reason={reason!r}" if reason else ""
    return "\n".join(
        (
            "import vmgen_analytics as va",
            "from vmgen_analytics import power",
            "",
            f"archive = va.Archive({url!r})",
            client,
            "# Each line sends at once and asks nobody; with dry_run=True it does everything but send.",
            *(
                f"power.{order.command}(client, {target.vm_id}, archive=archive{why})  # {target.vm_name!a}"
                for target in order.targets
            ),
        )
    )
