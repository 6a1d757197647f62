"""The parts of the power console as HTML: machines, question, progress, log; every name in them is escaped."""

from __future__ import annotations

import html
from collections import Counter
from typing import TYPE_CHECKING, Any

import pandas as pd

from vmgen_analytics.widgets.panel import table
from vmgen_analytics.widgets.power_orders import EFFECTS, IS_OFF, RUNS, WORDS, plain
from vmgen_analytics.widgets.power_steps import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from vmgen_analytics.targets import Target
    from vmgen_analytics.widgets.power_orders import Armed, Order
    from vmgen_analytics.widgets.power_reading import Reading
    from vmgen_analytics.widgets.power_steps import Step

STYLE = """<style>
.vmgen-power .table td, .vmgen-power .table thead th { text-align: left; }
.vmgen-power .table th.name { white-space: pre; }
.vmgen-power .table td.vmgen-told { white-space: normal; }
.vmgen-power .table th.name + td + td + td.vmgen-told { min-width: 240px; }
.vmgen-power h4 { font-size: 15px; line-height: 1.3; margin: 10px 0 4px; overflow-wrap: anywhere; }
.vmgen-power p { margin: 0 0 4px; }
.vmgen-power .banner { border-left: 4px solid #5c5c5c; background: var(--jp-layout-color2, #eee); padding: 4px 10px; }
.vmgen-power .banner.live { border-color: #a83232; }
.vmgen-power .vmgen-asked { overflow-wrap: anywhere; }
.vmgen-power .vmgen-question { border: 2px solid #a83232; border-radius: 4px; padding: 4px 12px 8px; margin: 4px 0; }
.vmgen-power button.widget-button { max-width: 100%; overflow: hidden; text-overflow: ellipsis; }
</style>"""
HEAD = ("VM", "Number", "Address", "Package", "State")
LOGGED = 10
"""So many of the newest commands are shown."""


def answer(account: str, reading: Reading | None, *, has_trouble: bool) -> str:
    """Say how many VMs run."""
    if reading is None:
        return (
            f"The VMs of account {account} cannot be read" if has_trouble else f"Reading the VMs of account {account}"
        )
    if not reading.targets:
        return f"Account {account} has no VMs"
    return f"Account {account}: {_counts(reading.targets)}"


def banner(archive_url: str, *, may_send: bool) -> str:
    """Say what this panel may do."""
    if may_send:
        return (
            '<p class="banner live"><strong>Commands from this panel change real machines.</strong> Each is sent once, '
            f"and written into the archive at {html.escape(archive_url)} before and after.</p>"
        )
    return (
        '<p class="banner">This panel only looks. To send commands, open it with <code>allow_commands=True</code>.</p>'
    )


def machines(shown: Sequence[Target], reading: Reading) -> str:
    """Show VMs with their state and when it was read; nothing where there is none."""
    if not shown:
        return ""
    rows = [[*_told(target), f"{reading.at:%H:%M:%S} UTC"] for target in shown]
    count = f"{len(shown)} of {len(reading.targets)} VMs" if len(shown) < len(reading.targets) else f"{len(shown)} VMs"
    return table([*HEAD, "Read at"], rows, [count, "", "", "", "", ""], "Virtual machines")


def question(armed: Armed, reading: Reading) -> str:
    """Show what would be done to which machines, and what has to be typed."""
    order = armed.order
    age_s = max(0, round((armed.at - reading.at).total_seconds()))
    age = f"{age_s} s" if age_s < 120 else f"{age_s // 60} min"
    rows = [_told(target) for target in order.targets]
    which = "it" if len(rows) == 1 else "each of them"
    wanted = ""
    if order.to_type:
        what = "how many VMs these are" if len(rows) > 1 else "its name" if _is_its_name(order) else "its number"
        wanted = f" Type {what}, <strong>{html.escape(order.to_type)}</strong>, to confirm."
    return (
        f'<div class="vmgen-asked"><h4>{html.escape(order.words)}?</h4><p>{html.escape(EFFECTS[order.command])}</p>'
        + _listed(HEAD, rows, "What it would be done to")
        + f'<p class="small">The state is {age} old; {which} will be read once more, and refused if name or state have '
        f"changed. This is good for one click, until {armed.until:%H:%M:%S} UTC.</p><p>{wanted}</p></div>"
    )


def progress(order: Order, steps: Sequence[Step]) -> str:
    """Show how far an order has come, VM by VM."""
    rows = [[plain(step.target.vm_name), str(step.target.vm_id), OUTCOMES[step.outcome], step.says] for step in steps]
    head = ["VM", "Number", "Outcome", "What is known"]
    return f"<h4>{html.escape(order.words)}</h4>{_listed(head, rows, 'Progress of the command')}"


def summary(order: Order, steps: Sequence[Step], *, is_under_way: bool) -> str:
    """Say in a sentence how far an order has come."""
    counted = Counter(OUTCOMES[step.outcome].lower() for step in steps)
    told = ", ".join(f"{count} {word}" if len(steps) > 1 else word for word, count in counted.items())
    return f"{order.words}: {'under way, ' if is_under_way else ''}{told}."


def log(reading: Reading) -> str:
    """Show the newest commands of the account, whoever sent them."""
    if reading.commands is None:
        return "<h4>Last commands</h4><p>The log cannot be read.</p>"
    if reading.commands.empty:
        return f"<h4>Last commands</h4><p>None was written down until {reading.at:%H:%M:%S} UTC.</p>"
    names = {target.vm_id: plain(target.vm_name) for target in reading.targets}
    rows = [_logged(row, names) for row in reading.commands.head(LOGGED).itertuples()]
    head = ["When, UTC", "VM", "Command", "Outcome", "By", "Reason"]
    which = f" ({LOGGED} of {len(reading.commands)})" if len(reading.commands) > LOGGED else ""
    return f"<h4>Last commands{which}</h4>{_listed(head, rows, 'Last commands')}"


def small_print(now: datetime) -> str:
    """Say since when the panel lives: one whose kernel was restarted cannot say that it does not."""
    again = "if the buttons do nothing, run this cell again, or reload the page"
    return f'<div class="small"><p>Live as of {now:%H:%M} UTC; {again}.</p></div>'


def _listed(head: Sequence[str], rows: Sequence[Sequence[str]], label: str) -> str:
    """Show a table without a total, whose last column may be long."""
    columns = "".join(
        f'<th scope="col"{"" if place else " class=name"}>{html.escape(text)}</th>' for place, text in enumerate(head)
    )
    body = "".join(
        f'<tr><th scope="row" class="name">{html.escape(name)}</th>'
        + "".join(f"<td>{html.escape(text)}</td>" for text in values)
        + f'<td class="vmgen-told">{html.escape(last)}</td></tr>'
        for name, *values, last in rows
    )
    return (
        f'<div class="table" role="region" tabindex="0" aria-label="{html.escape(label)}"><table>'
        f"<thead><tr>{columns}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _counts(targets: Sequence[Target]) -> str:
    words = [target.state.strip().lower() for target in targets]
    runs, off = sum(word in RUNS for word in words), sum(word in IS_OFF for word in words)
    other = len(words) - runs - off
    told = [f"{runs} of {len(words)} {'VM runs' if runs == 1 else 'VMs run'}"]
    told += [f"{off} {'is' if off == 1 else 'are'} off"] * bool(off)
    told += [f"{other} {'is' if other == 1 else 'are'} in another state"] * bool(other)
    return ", ".join(told)


def _told(target: Target) -> list[str]:
    values = (target.ipv4, target.package, target.state)
    return [plain(target.vm_name) or "without a name", str(target.vm_id), *(plain(value) or "–" for value in values)]


def _is_its_name(order: Order) -> bool:
    return order.to_type == order.targets[0].vm_name.strip()


def _logged(row: Any, names: dict[int, str]) -> list[str]:
    vm_id = None if pd.isna(row.vm_id) else int(row.vm_id)
    name = "–" if vm_id is None else f"{names[vm_id]} ({vm_id})" if vm_id in names else f"VM {vm_id}"
    outcome = "Unknown, left at sending" if row.outcome == "sending" else OUTCOMES.get(row.outcome, row.outcome)
    command = WORDS.get(row.command, row.command)
    texts = [plain("" if pd.isna(text) else str(text)) for text in (row.user, row.reason)]
    return [f"{row.requested_at:%Y-%m-%d %H:%M:%S}", name, str(command), str(outcome), *texts]
