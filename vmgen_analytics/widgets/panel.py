"""What all panels share: their anatomy, the guard around every callback, pictures and files as HTML."""

from __future__ import annotations

import base64
import html
import logging
import re
import struct
import traceback
from typing import TYPE_CHECKING, Any

import ipywidgets

from vmgen_analytics.errors import VMgenError
from vmgen_analytics.widgets.dark import DARK

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Sequence

log = logging.getLogger(__name__)

STYLE = """<style>
.vmgen-panel .widget-html, .vmgen-panel .widget-html-content { height: auto; line-height: 1.4; min-width: 0; }
.vmgen-panel > .widget-html { width: auto; margin: 2px 0; }
.vmgen-panel { color: var(--jp-ui-font-color1, #1a1a1a); font-size: 14px; max-width: 1100px; }
.vmgen-panel h3 { font-size: 18px; line-height: 1.3; margin: 4px 0 2px; }
.vmgen-panel dl { display: flex; flex-wrap: wrap; gap: 8px; margin: 4px 0 8px; }
.vmgen-panel dl > div { border: 1px solid var(--jp-border-color2, #ccc); border-radius: 4px; padding: 6px 12px;
  flex: 1 1 140px; max-width: 340px; }
.vmgen-panel dl > div > dt { float: none; width: auto; font-size: 12px; font-weight: normal; }
.vmgen-panel dl > div > dd { float: none; width: auto; margin: 0; padding: 0; font-size: 12px; }
.vmgen-panel dl > div > dd.number { font-size: 20px; font-weight: 600; font-variant-numeric: tabular-nums; }
.vmgen-panel .chart img { display: block; width: 100%; max-width: 900px; height: auto; background: white; }
.vmgen-panel .table { max-height: 330px; overflow: auto; border: 1px solid var(--jp-border-color2, #ccc); }
.vmgen-panel .table table { border-collapse: separate; border-spacing: 0; margin: 0; font-size: 13px; width: 100%; }
.vmgen-panel .table th, .vmgen-panel .table td { padding: 3px 10px; text-align: right; white-space: nowrap;
  font-variant-numeric: tabular-nums; background: var(--jp-layout-color1, white); }
.vmgen-panel .table th.name { text-align: left; font-weight: normal; position: sticky; left: 0; max-width: 280px;
  overflow: hidden; text-overflow: ellipsis; }
.vmgen-panel .table th.text, .vmgen-panel .table td.text { text-align: left; white-space: normal; min-width: 240px; }
.vmgen-panel .table thead th { position: sticky; top: 0; z-index: 1; font-weight: 600;
  border-bottom: 1px solid var(--jp-border-color1, #999); }
.vmgen-panel .table thead th.name { z-index: 2; font-weight: 600; }
.vmgen-panel .table tfoot th, .vmgen-panel .table tfoot td { position: sticky; bottom: 0; font-weight: 600;
  border-top: 1px solid var(--jp-border-color1, #999); }
.vmgen-panel .table tfoot th.name { font-weight: 600; z-index: 1; }
.vmgen-panel .small { font-size: 12px; margin: 6px 0; }
.vmgen-panel .small p { margin: 0 0 2px; }
.vmgen-panel [role=status]:not(:empty) { border-left: 4px solid #5c5c5c; padding: 4px 10px; margin: 4px 0;
  background: var(--jp-layout-color2, #eee); }
.vmgen-panel [role=status].error { border-color: #a83232; }
.vmgen-panel [role=status] p { margin: 0; }
.vmgen-panel pre, .vmgen-panel textarea { font-family: var(--jp-code-font-family, monospace); font-size: 12px; }
.vmgen-panel textarea { width: 100%; box-sizing: border-box; color: inherit; background: var(--jp-layout-color1, white);
  border: 1px solid var(--jp-border-color2, #ccc); padding: 6px; }
.vmgen-panel .files { display: flex; }
.vmgen-panel a.file { display: inline-block; text-decoration: none; color: var(--jp-ui-font-color1, #1a1a1a);
  width: auto; margin: 2px 4px 2px 0; padding: 0 12px; line-height: 28px; }
.vmgen-panel button.widget-button, .vmgen-panel button.widget-toggle-button { width: auto; padding: 0 12px;
  margin: 2px 4px 2px 0; }
body[data-jp-theme-light="false"] .vmgen-panel { --jp-widgets-dropdown-arrow: url("data:image/svg+xml,%3Csvg \
xmlns='http://www.w3.org/2000/svg' viewBox='0 0 18 18'%3E%3Cpath fill='%23e0e0e0' d='M5 7l4 4 4-4z'/%3E%3C/svg%3E"); }
</style>"""


class Panel(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """A panel from top to bottom: answer, controls, status, key numbers, chart, table, small print, actions.

    A panel subclasses it, hands over its controls and actions, and fills the parts whenever a choice changes.

    Parameters
    ----------
    controls
        What a person chooses with; they wrap on a narrow page.
    actions
        Buttons and links that stand under the small print.
    """

    def __init__(self, controls: Sequence[ipywidgets.Widget], actions: Sequence[ipywidgets.Widget]) -> None:
        self.answer = ipywidgets.HTML()
        self.status = ipywidgets.HTML()
        self.body = ipywidgets.HTML()
        self.files = ipywidgets.HTML()
        self.code = ipywidgets.HTML(layout={"display": "none"})
        self.renders = 0
        super().__init__(
            [
                ipywidgets.HTML(STYLE + DARK),
                self.answer,
                ipywidgets.HBox(list(controls), layout={"flex_flow": "row wrap", "grid_gap": "0 12px"}),
                self.status,
                self.body,
                ipywidgets.HBox([self.files, *actions], layout={"flex_flow": "row wrap", "align_items": "center"}),
                self.code,
            ]
        )
        self.add_class("vmgen-panel")

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """Leave what it shows in the notebook too, for whoever reads it without a kernel."""
        bundle: dict[str, Any] = super()._repr_mimebundle_(**options)
        shown = f"{self.answer.value}{self.status.value}{self.body.value}"
        alive = "<p class=small>So it opened. To choose anything, run the cell above in a notebook with a kernel.</p>"
        bundle["text/html"] = f'{STYLE + DARK}<div class="vmgen-panel">{shown}{alive}</div>'
        bundle["text/plain"] = html.unescape(re.sub("<[^>]+>", "", self.answer.value)) or type(self).__name__
        return bundle

    def guarded(self, callback: Callable[..., None]) -> Callable[..., None]:
        """Wrap a callback so that what goes wrong is told in the panel: elsewhere nobody would see it.

        Parameters
        ----------
        callback
            What an event calls; its arguments are passed on.
        """

        def call(*arguments: Any) -> None:
            try:
                callback(*arguments)
            except VMgenError as error:
                self.say([str(error)], is_error=True)
            except Exception as error:
                log.exception("a callback of %s failed", type(self).__name__)
                self.say(
                    [f"This should not happen: {type(error).__name__}: {error}. Nothing below has changed."],
                    is_error=True,
                    details=traceback.format_exc(),
                )

        return call

    def say(self, sentences: Iterable[str], *, is_error: bool = False, details: str = "") -> None:
        """Put sentences into the status line, which screen readers read out.

        Parameters
        ----------
        sentences
            What to say; none empties the line.
        is_error
            Whether something failed.
        details
            More for a bug report, folded away.
        """
        said = "".join(f"<p>{html.escape(sentence[:1].upper() + sentence[1:])}</p>" for sentence in sentences)
        more = f"<details><summary>Details</summary><pre>{html.escape(details)}</pre></details>" if details else ""
        self.status.value = f'<div role="status" class="{"error" if is_error else "note"}">{said}{more}</div>'


def data_url(content: bytes, kind: str) -> str:
    """Put a file into an address, so that a page needs no server to show or save it."""
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def picture(png: bytes, alt: str, renders: int) -> str:
    """Show a chart as an image with its text for those who cannot see it.

    Parameters
    ----------
    png
        The chart.
    alt
        What it shows, in words.
    renders
        How many charts this panel has shown, this one included; tells a test that a new one has come.
    """
    width, height = struct.unpack(">II", png[16:24])  # so that the page keeps its height while the image loads
    return (
        f'<div class="chart"><img data-render="{renders}" alt="{html.escape(alt)}" width="{width}" height="{height}" '
        f'src="{data_url(png, "image/png")}"></div>'
    )


def download(name: str, content: bytes, kind: str, text: str) -> str:
    """Offer a file as a link that saves it."""
    address = data_url(content, kind)
    return (
        f'<a class="jupyter-button widget-button file" download="{html.escape(name)}" '
        f'href="{address}">{html.escape(text)}</a>'
    )


def key_numbers(numbers: Iterable[tuple[str, str, str]]) -> str:
    """Show numbers side by side, each with what it is and how it compares."""
    cards = "".join(
        f'<div><dt>{html.escape(name)}</dt><dd class="number">{html.escape(number)}</dd>'
        f"<dd>{html.escape(remark)}</dd></div>"
        for name, number, remark in numbers
    )
    return f"<dl>{cards}</dl>"


def table(
    head: Sequence[str], rows: Iterable[Sequence[str]], total: Sequence[str], label: str, texts: Container[int] = ()
) -> str:
    """Show a table whose first column names the row and whose last row is the total; it scrolls in its own box.

    Parameters
    ----------
    head, rows, total
        Texts, escaped here; where nothing adds up, the total is empty.
    label
        What the table is, for screen readers.
    texts
        Places of the columns that hold sentences, and no numbers.
    """
    body = "".join(f"<tr>{_row(row, texts)}</tr>" for row in rows)
    foot = f"<tfoot><tr>{_row(total, texts)}</tr></tfoot>" if total else ""
    columns = "".join(
        f'<th scope="col"{_kind(place, texts)}>{html.escape(text)}</th>' for place, text in enumerate(head)
    )
    return (
        f'<div class="table" role="region" tabindex="0" aria-label="{html.escape(label)}"><table>'
        f"<thead><tr>{columns}</tr></thead><tbody>{body}</tbody>{foot}</table></div>"
    )


def read_only(text: str, label: str) -> str:
    """Show a text to be copied, as code: selectable, scrollable, not to be changed."""
    copy = "navigator.clipboard.writeText(this.parentElement.querySelector('textarea').value)"
    return (
        f'<textarea readonly rows="{text.count(chr(10)) + 1}" wrap="off" spellcheck="false" '
        f'aria-label="{html.escape(label)}">{html.escape(text)}</textarea>'
        f'<button class="jupyter-button widget-button" onclick="{copy}">Copy</button>'
    )


def _row(cells: Sequence[str], texts: Container[int]) -> str:
    name, *values = (html.escape(cell) for cell in cells)
    first = f'<th scope="row" class="name" title="{name}">{name}</th>'
    return first + "".join(f"<td{_kind(place, texts)}>{value}</td>" for place, value in enumerate(values, start=1))


def _kind(place: int, texts: Container[int]) -> str:
    return " class=name" if place == 0 else " class=text" if place in texts else ""
