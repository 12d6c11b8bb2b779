"""OKX's dead-man's switch: cancel all after (okx.md, 7.8), for our entries alone.

Invariant: the countdown bears the tag of entries, so it takes no order that reduces a position and
none that is not ours. It is the account's: no connection has to stay up for it.
"""

from __future__ import annotations

from typing import Final, final

import msgspec

from adapters.net.budget import Priority
from adapters.net.calls import Call, UnclearError
from adapters.okx.account_translate import ENTRY_TAG
from adapters.okx.rest import OkxRest

SCOPE: Final = "our entries"
_ARM: Final = Call("POST", "/api/v5/trade/cancel-all-after", 1, Priority.CANCEL)
_RENEWALS: Final = 3  # a request or two may be lost before it fires


class TimerRow(msgspec.Struct, frozen=True, rename="camel"):
    """When it fires: "0" where it does not. The unit is not documented."""

    trigger_time: str
    tag: str = ""


@final
class OkxDeadMan:
    """`DeadManPort`."""

    scope: Final = SCOPE

    def __init__(self, rest: OkxRest, timeout_s: int) -> None:
        self._rest, self._timeout_s = rest, timeout_s

    @property
    def timeout_s(self) -> int:
        """As configured."""
        return self._timeout_s

    @property
    def renewal_s(self) -> float:
        """Well before it fires."""
        return self._timeout_s / _RENEWALS

    async def arm(self) -> None:
        """See `DeadManPort.arm`."""
        await self._set(self._timeout_s)

    async def disarm(self) -> None:
        """See `DeadManPort.disarm`."""
        await self._set(0)

    async def _set(self, timeout_s: int) -> None:
        wanted = {"timeOut": str(timeout_s), "tag": ENTRY_TAG}
        rows = await self._rest.done(_ARM, wanted, TimerRow)
        if not rows or (rows[0].trigger_time == "0") == bool(timeout_s):
            raise UnclearError(f"{_ARM.path}: not what was asked for: {rows}")
