"""What a person does with the power console, as a browser would send it, and what can be read from it then."""

import html
import json
import re
from datetime import UTC, datetime

from panels_to_drive import click, control

from vmgen_analytics.following import Following
from vmgen_analytics.widgets.power_orders import WORDS

QUICK = Following(deadline_s=2, first_s=0.01, longest_s=0.03, unclear_s=0.3)
IMPATIENT = Following(deadline_s=0.2, first_s=0.01, longest_s=0.04, unclear_s=0.1)
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Time:
    """A clock that is set by hand."""

    def __init__(self):
        self.now = NOON

    def __call__(self):
        return self.now


def sent(sandbox):
    return sum(received.operation == "command" for received in sandbox.requests)


def pick(panel, *vm_ids):
    """Choose VMs in the list, as a browser would."""
    numbers = [vm_id for _, vm_id in control(panel, "VMs").options]
    control(panel, "VMs").set_state({"index": [numbers.index(vm_id) for vm_id in vm_ids]})


def write(panel, description, text):
    control(panel, description).set_state({"value": text})


def offered(panel):
    """The commands that can be seen."""
    if not hasattr(panel, "_orders") or panel._orders.chooser not in panel.children:
        return []
    return [button.description for button in panel._orders.commands.values() if button.layout.display != "none"]


def prepare(panel, command, *vm_ids):
    pick(panel, *vm_ids)
    click(panel, next(text for text in offered(panel) if text.startswith(WORDS[command])))


def confirm(panel, times=1):
    """Click what sends, whatever it says now, and wait for the end."""
    for _ in range(times):
        panel._orders.confirm._handle_custom_msg({"event": "click"}, [])
    panel.wait()


def is_asking(panel):
    return panel._orders.question.layout.display != "none"


def status(panel):
    return html.unescape(re.sub(r"</p><p>|<[^>]+>", " ", panel.status.value)).strip()


def told(panel):
    """Outcome and explanation of each VM."""
    found = re.findall(r"<td>([^<]*)</td><td class=\"vmgen-told\">(.*?)</td>", panel._progress.value)
    return [(outcome, html.unescape(says)) for outcome, says in found]


def log(written):
    return written.read("commands")[["vm_id", "command", "outcome", "reason"]].to_numpy().tolist()


def shown(panel):
    """Everything that the panel sends to a browser."""
    states, waiting = [], [panel]
    while waiting:
        widget = waiting.pop()
        states.append({name: value for name, value in widget.get_state().items() if name != "layout"})
        waiting += getattr(widget, "children", ())
    return json.dumps(states, default=str)
