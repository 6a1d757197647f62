"""``vmgen-analytics sandbox``: the simulated provider."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from vmgen_analytics.cli.extras import needs
from vmgen_analytics.cli.terminal import say, typed_name
from vmgen_analytics.errors import SettingsError

if TYPE_CHECKING:
    from vmgen_analytics.sandbox import Sandbox


def sandbox(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes any that is free.", min=0, max=65_535)] = 8000,
    vms: Annotated[int, typer.Option(help="How many VMs each account has.", min=0, max=10_000)] = 24,
    seed: Annotated[int, typer.Option(help="Another seed is another fleet.")] = 7,
    today: Annotated[str | None, typer.Option(help="The day it is there.", metavar="DATE")] = None,
    months: Annotated[int, typer.Option(help="Months of history before that day.", min=1)] = 6,
    accounts: Annotated[int, typer.Option(help="How many accounts it serves, each with its own key.", min=1)] = 1,
    latency: Annotated[float, typer.Option(help="How long each answer takes.", metavar="SECONDS", min=0)] = 0.0,
    rate: Annotated[
        float | None,
        typer.Option(help="Refuse what goes beyond so many requests of an account.", metavar="PER_SECOND", min=0.1),
    ] = None,
    fault: Annotated[
        list[str] | None, typer.Option(help="Misbehave, as 'status,operation=usage,code=503'; may be repeated.")
    ] = None,
) -> None:
    """Run a simulated provider on this machine until Ctrl-C, to try things on."""
    with needs("sandbox"):
        from vmgen_analytics.sandbox import serve_forever  # noqa: PLC0415 - an extra that not everyone installs
    try:
        serve_forever(
            _announce,
            faults=fault or (),
            port=port,
            vms=vms,
            seed=seed,
            today=today,
            months=months,
            accounts=accounts,
            latency_s=latency,
            requests_per_second=rate,
        )
    except (ValueError, TypeError) as error:
        raise SettingsError(f"--today must be a day as 2026-11-23, and --fault as in the help: {error}") from None
    except OSError as error:
        raise SettingsError(f"cannot listen on port {port}: {error.strerror or error}; choose another --port") from None


def _announce(running: Sandbox) -> None:
    say(f"A simulated VMgen answers at {running.url}; its API pages are at {running.url}/swagger/index.html")
    if len(running.accounts) == 1:
        say("Use it from another terminal, for example:")
        say(f"  VMGEN_API_KEY={running.key} VMGEN_BASE_URL={running.url} {typed_name()} sync --archive trial")
    else:
        _announce_accounts(running)
    say("Ctrl-C ends it.")


def _announce_accounts(running: Sandbox) -> None:
    say(f"It has {len(running.accounts)} accounts. Write this into vmgen.toml:")
    variables = {account.number: f"VMGEN_API_KEY_{account.number}" for account in running.accounts}
    for number, variable in variables.items():
        say(f'  [accounts.account-{number}]\n  base_url = "{running.url}"\n  key_env = "{variable}"')
    say("Then use them from another terminal in that folder, for example:")
    for account in running.accounts:
        say(f"  export {variables[account.number]}={account.key}")
    say(f"  {typed_name()} sync --archive trial")
