"""Bybit's dead-man's switch: disconnection protection (bybit.md, 12), where Bybit enabled it.

Invariant: what is armed is a window of the account, which stays; the connections that follow
`TOPIC` are the sign of life. It takes every open spot order of the account, also those that reduce
a position or are not ours, which is why it is off unless the configuration asks for it.
"""

from __future__ import annotations

from typing import Any, Final, final

from adapters.bybit.rest import BybitRest
from adapters.net.budget import Priority
from adapters.net.calls import Call

TOPIC: Final = "dcp.spot"
SCOPE: Final = "every spot order of the account"
_SET: Final = Call("POST", "/v5/order/disconnected-cancel-all", 1, Priority.CANCEL)
# It takes effect some ten seconds later, and is to be set again then; afterwards it only stays.
_RENEWAL_S: Final = 15.0


@final
class BybitDeadMan:
    """`DeadManPort`."""

    scope: Final = SCOPE
    renewal_s: Final = _RENEWAL_S

    def __init__(self, rest: BybitRest, timeout_s: int) -> None:
        self._rest, self._timeout_s = rest, timeout_s

    @property
    def timeout_s(self) -> int:
        """As configured."""
        return self._timeout_s

    async def arm(self) -> None:
        """See `DeadManPort.arm`."""
        wanted = {"product": "SPOT", "timeWindow": self._timeout_s}
        await self._rest.done(_SET, wanted, Any)

    async def disarm(self) -> None:
        """Nothing ends it but Bybit: it fires after we are gone, when nothing of ours rests."""
