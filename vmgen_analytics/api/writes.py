"""The operations that change something, each sent once.

They check next to nothing, ask nobody, follow nothing and write nothing down: `vmgen_analytics.power` and
`vmgen_analytics.provisioning` do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from vmgen_analytics.api import operations
from vmgen_analytics.api.secret import Secret
from vmgen_analytics.errors import APIError, SettingsError, ValidationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vmgen_analytics.api.calls import Calls

    Record = dict[str, Any]

COMMANDS = ("power_on", "power_off", "reboot")


class Writes:
    """What can be changed in an account.

    Each method raises a VMgenError where the provider refused, or where it cannot be told whether it did.
    """

    _calls: Calls
    _spelling: Literal["power_on", "power on", ""] = ""

    def command(self, vm_id: int, command: str) -> Record:
        """Send a power command, once. Use `vmgen_analytics.power`, which also follows it.

        Parameters
        ----------
        vm_id
            The VM.
        command
            power_on, power_off or reboot.

        Returns
        -------
        dict
            job_status, started_at and, where the provider gives it, job_id.

        Raises
        ------
        VMgenError
            It was refused, or (``TransportError``, ``ServerError``, ``ResponseError``) may have been carried out.
        """
        if command not in COMMANDS:
            raise SettingsError(f"no command {command!r}; there are {', '.join(COMMANDS)}")
        spaced = command.replace("_", " ")
        if spaced == command:
            return self._command(vm_id, command)
        try:
            answer = self._command(vm_id, spaced if self._spelling == "power on" else command)
        except ValidationError:
            if self._spelling:
                raise
            answer = self._command(vm_id, spaced)
            self._learn_spelling("power on")
        else:
            self._learn_spelling(self._spelling or "power_on")
        return answer

    def deploy(self, order: Mapping[str, Any]) -> Record:
        """Order a new VM, once. Use `vmgen_analytics.provisioning`, which checks the order and follows it.

        Parameters
        ----------
        order
            The fields as documented; root_password and each of ssh_keys as a `Secret`.

        Returns
        -------
        dict
            What the provider says of it; id is the new VM's number, where it gives one.
        """
        return self._calls.once(operations.DEPLOY, order)

    def delete(self, vm_id: int) -> Record:
        """Delete a VM for good, once. Use `vmgen_analytics.provisioning`, which saves its history first."""
        return self._calls.once(operations.DELETE, id=vm_id)

    def save_user_data_script(
        self, description: str, script_content: Secret, *, base64: bool = False, type: str = "user_data"
    ) -> Record:
        """Save a user data script, once: version_id is its number."""
        fields = {"description": description, "script_content": script_content, "base64": base64, "type": type}
        return self._calls.once(operations.SAVE_USER_DATA_SCRIPT, fields)

    def ticket(self, topic: str, text: str, reply_to_email: str) -> Record:
        """Send a support ticket, once; the provider mails it to its people, and may say so in a message."""
        fields = {"topic": topic, "text": text, "reply_to_email": reply_to_email}
        try:
            return self._calls.once(operations.TICKET, fields)
        except APIError as error:
            if not 200 <= error.status < 300:
                raise
            return {"message": str(error).removeprefix(f"{operations.TICKET}: ")}

    def _command(self, vm_id: int, spelled: str) -> Record:
        return self._calls.once(operations.COMMAND, {"command": spelled}, id=vm_id)

    def _learn_spelling(self, spelling: Literal["power_on", "power on"]) -> None:
        self._spelling = spelling
        self._calls.learned.note("command spelling", f"commands are spelled as {spelling!r}")
