"""Speaks to the running process over its own HTTP face, with the token of its control file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, final

import httpx
import msgspec
from attrs import frozen

from bot3.app.operate.directory import is_in_use
from bot3.domain.errors import DeadlineError, NotRunningError, UnavailableError
from bot3.services.control_file import ControlFile, read_control_file
from bot3.telemetry.status import Status

ANSWER_DEADLINE_S = 10.0
HTTP_UNAUTHORIZED, HTTP_GATEWAY_TIMEOUT = 401, 504


@final
@frozen
class RunningProcess:
    """One that uses a state directory and can be asked."""

    directory: Path
    control: ControlFile

    def status(self) -> Status:
        """Raises `UnavailableError` or `DeadlineError`."""
        answer = self._ask("GET", "status.json")
        return msgspec.json.decode(answer.content, type=Status)

    def command(self, name: str, reason: str) -> dict[str, Any]:
        """`halt`, `resume` or `flatten`; how it stands then. Raises the same, and `DeadlineError`
        where the process heard it but was not done in time.
        """
        answer = self._ask("POST", f"control/{name}", {"reason": reason})
        if answer.status_code == HTTP_UNAUTHORIZED:
            raise UnavailableError(
                f"{self.directory}: the process does not know the token of its control file:"
                " it was replaced by hand"
            )
        standing: dict[str, Any] = answer.json()
        if answer.status_code == HTTP_GATEWAY_TIMEOUT:
            raise DeadlineError(
                f"{name}: asked for, but {standing['orders_open']} orders may still rest:"
                " look at `bot3 status`"
            )
        answer.raise_for_status()
        return standing

    def _ask(self, method: str, path: str, body: object = None) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.control.token}"}
        try:
            return httpx.request(
                method,
                self.control.url + path,
                json=body,
                headers=headers,
                timeout=ANSWER_DEADLINE_S,
                trust_env=False,
            )
        except httpx.TimeoutException:
            raise DeadlineError(
                f"process {self.control.process} does not answer at {self.control.url}"
            ) from None
        except httpx.HTTPError as error:
            raise UnavailableError(
                f"process {self.control.process} at {self.control.url}: {error}"
            ) from None


def find_running(directory: Path) -> RunningProcess:
    """Raises `NotRunningError` where no process uses the directory, `UnavailableError` where one
    does that cannot be asked.
    """
    if not is_in_use(directory):
        raise NotRunningError(f"no bot3 runs with the state directory {directory}")
    control = read_control_file(directory)
    if control is None or not control.url:
        raise UnavailableError(
            f"the bot3 of {directory} has no HTTP face ([telemetry] enabled = false): `halt` works"
            " all the same, everything else needs it"
        )
    return RunningProcess(directory, control)
