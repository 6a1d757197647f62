import re

import ipywidgets
import pytest

from vmgen_analytics.errors import ArchiveError
from vmgen_analytics.widgets import panel

NASTY = "<script>alert('1')</script>\"&"


def test_every_part_escapes_what_it_is_given():
    made = [
        panel.picture(bytes(24), NASTY, 1),
        panel.download(NASTY, b"1", "text/csv", NASTY),
        panel.key_numbers([(NASTY, NASTY, NASTY)]),
        panel.table([NASTY], [[NASTY, NASTY]], [NASTY], NASTY),
        panel.read_only(NASTY, NASTY),
    ]
    for part in made:
        assert "<script" not in part
        assert '">"&' not in part


def test_what_goes_wrong_is_said_in_the_status_line():
    shown = panel.Panel([], [])

    def fail(*_):
        raise ArchiveError("cannot read <b>x</b>; do this")

    shown.guarded(fail)("an event")
    assert 'role="status" class="error"' in shown.status.value
    assert "Cannot read &lt;b&gt;x&lt;/b&gt;; do this" in shown.status.value


@pytest.mark.usefixtures("breaks")
def test_an_unexpected_error_is_said_and_logged_with_its_trace(caplog):
    shown = panel.Panel([], [])
    button = ipywidgets.Button()
    button.on_click(shown.guarded(lambda _: 1 / 0))
    button._handle_custom_msg({"event": "click"}, [])
    assert "ZeroDivisionError" in shown.status.value
    assert "<details>" in shown.status.value
    assert [record.exc_info is not None for record in caplog.records] == [True]


def test_a_table_names_its_rows_and_scrolls_by_keyboard():
    made = panel.table(["VM", "Oct 2026"], [["web-1", "1.00"]], ["Total", "1.00"], "Costs")
    assert 'role="region" tabindex="0" aria-label="Costs"' in made
    assert len(re.findall('scope="row"', made)) == 2
    assert len(re.findall('scope="col"', made)) == 2
