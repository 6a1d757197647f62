"""What a browser is answered at each address."""

from __future__ import annotations

from http.client import responses
from typing import Any

from tornado.web import HTTPError, authenticated
from voila.handler import BaseVoilaHandler, VoilaHandler

_TOLD = {
    403: "Open the address that `vmgen-analytics dashboard` printed: it carries the token that this page asks for.",
    404: "There is no such page here.",
}


class Guarded(BaseVoilaHandler):  # type: ignore[misc]  # Voila has no types
    """A page for those who have the token; the others are told where it is, and what fails is told in a sentence."""

    async def prepare(self) -> None:
        """Keep the token in a cookie and out of the address, where bookmarks and screenshots would carry it on."""
        await super().prepare()
        if self.current_user and self.get_query_argument("token", None):
            self.redirect(self.request.path)

    def get_login_url(self) -> str:
        """Refuse: there is nothing to log in with but the token."""
        raise HTTPError(403)

    def write_error(self, status_code: int, **_: Any) -> None:
        """Say what is wrong, in our look."""
        sentence = _TOLD.get(status_code, "The dashboard failed here; the terminal that it runs in says more.")
        names = {} if self.current_user else {"pages": ()}
        self.finish(self.page("said.html.jinja", status=responses[status_code], sentence=sentence, **names))

    def page(self, template: str, **names: Any) -> str:
        """Fill a template of ours."""
        names = {"pages": self.settings["pages"], "page": None, **names}
        html: str = self.settings["voila_jinja2_env"].get_template(template).render(**names)
        return html


class Start(Guarded):
    """The page that leads to all others."""

    @authenticated
    async def get(self) -> None:
        """Show it."""
        self.finish(self.page("start.html.jinja"))


class Panels(Guarded, VoilaHandler):  # type: ignore[misc]
    """A page with a panel: its title at once, the panel as soon as its kernel has made it."""

    @authenticated
    async def get(self, name: str) -> None:
        """Send it piece by piece."""
        _ = self.xsrf_token  # sets the cookie with which the page, when it is left, may end its kernel
        async for html in self.get_generator(path=f"{name}.ipynb"):
            self.write(html)
            self.flush()


class Missing(Guarded):
    """Any other address."""

    @authenticated
    async def get(self) -> None:
        """Say so, to those who have the token."""
        raise HTTPError(404)
