"""The power console: which machines run, and commands to them that nobody sends by accident."""

from __future__ import annotations

import dataclasses
import html
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import ipywidgets

from vmgen_analytics.archive import Archive
from vmgen_analytics.errors import SettingsError
from vmgen_analytics.following import Following
from vmgen_analytics.settings import Settings
from vmgen_analytics.widgets import panel, power_parts
from vmgen_analytics.widgets.power_choices import PowerChoices
from vmgen_analytics.widgets.power_code import reproduction
from vmgen_analytics.widgets.power_controls import Controls, Orders
from vmgen_analytics.widgets.power_model import PowerModel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from vmgen_analytics.api import Client
    from vmgen_analytics.power import Command


class PowerConsole(panel.Panel):
    """Which machines run; and, where that is allowed, switching them on and off and rebooting them.

    Opening it sends nothing. A command is prepared for the machines that are chosen, and then confirmed within a
    minute: by a click, or by typing the name or the number of machines where more is at stake. It is sent once,
    followed, and written into the archive before and after.

    Parameters
    ----------
    archive
        Where commands are written down, or where that is; by default the archive of the settings.
    client
        The account to use; by default those of the settings, one at a time.
    settings
        The accounts and the archive; by default those that hold here.
    allow_commands
        Whether commands may be sent; without it the panel only looks.
    view
        What to choose at first, as `view` gives it.
    now
        Tells the time in UTC, for tests.
    following
        How long to follow a command.

    Raises
    ------
    SettingsError
        The settings or the view are wrong. What is wrong with the account is said in the panel.

    Examples
    --------
    >>> from vmgen_analytics import Client
    >>> console = PowerConsole("no/such/archive", client=Client("a-key", base_url="http://127.0.0.1:9"))
    >>> console.view
    {'account': 'main'}
    """

    def __init__(
        self,
        archive: Archive | str | Path | None = None,
        *,
        client: Client | None = None,
        settings: Settings | None = None,
        allow_commands: bool = False,
        view: Mapping[str, Any] | None = None,
        now: Callable[[], datetime] | None = None,
        following: Following | None = None,
    ) -> None:
        settings = settings or Settings.load()
        archive = settings.archive if archive is None else archive
        self._archive = archive if isinstance(archive, Archive) else Archive(archive)
        self._accounts = [client.account_name] if client else list(settings.accounts)
        self._account = _usual(settings) if client is None else client.account_name
        choices = PowerChoices.of(view or {}, self._accounts, self._account)
        now = now or (lambda: datetime.now(UTC))
        self.model = PowerModel(self._archive, settings, client, allow_commands, choices, now, following or Following())
        self._controls = Controls(self._accounts)
        self._orders = Orders()
        self._show_code = ipywidgets.ToggleButton(description="Show Python", tooltip="The Python that does the same")
        super().__init__(self._controls.all, [self._show_code])
        self._progress, self._log, self._small = ipywidgets.HTML(), ipywidgets.HTML(), ipywidgets.HTML()
        self._arrange()
        self._is_following = False
        self._connect()
        self.model.changed = self.guarded(self._redraw)
        self._redraw()
        self.model.read()

    @property
    def view(self) -> dict[str, Any]:
        """The choices as a small dict, which ``PowerConsole(archive, view=...)`` takes back; never what is armed."""
        return self.model.choices.view()

    @view.setter
    def view(self, view: Mapping[str, Any]) -> None:
        self.model.choose(PowerChoices.of(view, self._accounts, self._account))

    def wait(self) -> None:
        """Wait until nothing is read, sent or followed any more."""
        self.model.wait()

    def _arrange(self) -> None:
        """Put the status under what asks, where it is seen, and the commands between the machines and their log."""
        style, answer, controls, status, body, actions, code = self.children
        banner = ipywidgets.HTML(power_parts.banner(self._archive.url, may_send=self.model.may_send))
        asking = (self._orders.chooser, self._orders.question) if self.model.may_send else ()
        told = (status, self._progress, self._orders.stop, self._log, self._small)
        extra = ipywidgets.HTML(power_parts.STYLE)
        self.set_trait("children", (style, extra, answer, banner, controls, body, *asking, *told, actions, code))
        self.add_class("vmgen-power")

    def _connect(self) -> None:
        for control in self._controls.choosing:
            control.observe(self.guarded(self._chosen), names="value")
        self._orders.vms.observe(self.guarded(self._picked), names="value")
        self._orders.reason.observe(self.guarded(self._reasoned), names="value")
        self._orders.typed.observe(self.guarded(self._typed), names="value")
        self._show_code.observe(self.guarded(self._code_wanted), names="value")
        for command, button in self._orders.commands.items():
            button.on_click(self.guarded(lambda _, command=command: self._arm(command)))
        for button, do in (
            (self._controls.again, self.model.read),
            (self._orders.cancel, self.model.disarm),
            (self._orders.request, self.model.rehearse),
            (self._orders.stop, self.model.stop),
        ):
            button.on_click(self.guarded(lambda _, do=do: do()))
        self._orders.confirm.on_click(self.guarded(self._confirm))

    def _chosen(self, *_: Any) -> None:
        with self.model.lock:  # the thread that works may be setting the controls right now
            if not self._is_following:
                self.model.choose(self._controls.choices(self.model.choices))

    def _picked(self, *_: Any) -> None:
        with self.model.lock:
            if not self._is_following:
                self.model.choose(dataclasses.replace(self.model.choices, vms=self._orders.vms.value))

    def _reasoned(self, *_: Any) -> None:
        self.model.reason = self._orders.reason.value
        self._redraw()

    def _typed(self, *_: Any) -> None:
        with self.model.lock:
            armed = self.model.armed
            self._orders.confirm.disabled = armed is None or not armed.order.is_confirmed_by(self._orders.typed.value)

    def _code_wanted(self, *_: Any) -> None:
        self.code.layout.display = "" if self._show_code.value else "none"

    def _arm(self, command: Command) -> None:
        self._orders.typed.value = ""
        self.model.arm(command)
        if self.model.armed is not None:
            (self._orders.typed if self.model.armed.order.to_type else self._orders.cancel).focus()

    def _confirm(self, *_: Any) -> None:
        self.model.confirm(self._orders.typed.value)

    def _redraw(self) -> None:
        with self.model.lock:
            self._is_following = True  # the controls are about to change, and nobody has chosen anything
            try:
                self._controls.follow(self.model)
                self._orders.follow(self.model)
                self._typed()
            except BaseException:
                self.model.armed = None  # nobody can see what would be confirmed
                raise
            finally:
                self._is_following = False
            self._tell()

    def _tell(self) -> None:
        model, parts = self.model, power_parts
        reading, order = model.reading, model.order
        answer = parts.answer(model.choices.account, reading, has_trouble=model.trouble is not None)
        self.answer.value = f"<h3>{html.escape(answer)}</h3>"
        self.body.value = "" if reading is None else parts.machines(model.shown, reading)
        self._progress.value = parts.progress(order, model.steps) if order and model.steps else ""
        self._log.value = "" if reading is None else parts.log(reading)
        self._small.value = parts.small_print(model.now())
        script = reproduction(order, model.choices.account, self._archive.url, model.reason.strip())
        self.code.value = panel.read_only(script, "Python that does the same")
        if model.trouble is None:
            self.say(self._notices())
        else:
            old = f"What is shown is as it was at {reading.at:%H:%M:%S} UTC." if reading else ""
            told = (*model.says, model.trouble.sentence, old, "To try again, press Read again.")
            self.say(filter(None, told), is_error=True, details=model.trouble.details)

    def _notices(self) -> list[str]:
        model = self.model
        notices = list(model.says)
        if model.order and model.steps:
            is_under_way = model.work == "sending"
            notices.append(power_parts.summary(model.order, model.steps, is_under_way=is_under_way))
        if model.reading is None:
            return notices
        if model.reading.targets and not model.shown:
            notices.append(f"No VM of account {model.choices.account} fits {model.choices.filter.strip()!r}.")
        return [*notices, *model.reading.notices]


def _usual(settings: Settings) -> str:
    try:
        return settings.account()[0]
    except SettingsError:  # there are several, and none is the main one
        return next(iter(settings.accounts))
