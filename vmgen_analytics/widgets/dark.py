"""Pictures on dark pages: a filter that turns light and dark around and leaves every hue as it is.

A picture is drawn once, for white paper. On a dark page the browser gives each of its pixels the lightness that is
as far from white as the old one was from black, hue and chroma kept (the lightness of HSL, 1 - (max + min) / 2): white
becomes the page's dark grey, ink becomes light, and the red of a VM stays red. ``invert() hue-rotate()`` does not do
that: it turns the luminance around, so that orange becomes brown and a light blue almost black.
"""

from __future__ import annotations

BLACKEST, SPAN = 0.0667, 0.89
"""What white becomes (#111111, the dark page of JupyterLab), and how much lighter than that black becomes."""


def _grey_of(channel: int, name: str) -> str:
    row = " ".join("1" if place == channel else "0" for place in range(5))
    return f'<feColorMatrix in="SourceGraphic" values="{row} {row} {row} 0 0 0 1 0" result="{name}"/>'


def _turned(what: str, name: str) -> str:
    turned = "-1 0 0 0 1  0 -1 0 0 1  0 0 -1 0 1  0 0 0 1 0"  # half a pixel at the edge stays half a pixel
    return f'<feColorMatrix in="{what}" values="{turned}" result="{name}"/>'


def _of_two(one: str, other: str, mode: str, name: str) -> str:
    return f'<feBlend in="{one}" in2="{other}" mode="{mode}" result="{name}"/>'


DARK = f"""<svg width="0" height="0" style="position: absolute" aria-hidden="true">
<filter id="vmgen-dark" color-interpolation-filters="sRGB" x="0" y="0" width="100%" height="100%">
{"".join(_grey_of(channel, name) for channel, name in enumerate(("red", "green", "blue")))}
{_of_two("red", "green", "lighten", "yellow")}{_of_two("yellow", "blue", "lighten", "most")}
{_of_two("red", "green", "darken", "dim")}{_of_two("dim", "blue", "darken", "least")}
{_turned("most", "missing")}{_turned("least", "above")}
<feComposite in="SourceGraphic" in2="above" operator="arithmetic" k2="1" k3="1" k4="-1" result="colour"/>
<feComposite in="colour" in2="missing" operator="arithmetic" k2="{SPAN}" k3="{SPAN}" k4="{BLACKEST}"/>
</filter></svg>
<style>
body[data-jp-theme-light="false"] .vmgen-panel .chart img {{ filter: url(#vmgen-dark); }}
@media print {{ body .vmgen-panel .chart img {{ filter: none !important; }} }}
</style>"""
"""What a page of panels holds once or more: the filter, and the rule that puts it on pictures of dark pages."""
