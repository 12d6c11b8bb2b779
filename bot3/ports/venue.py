"""What bot3 asks of a venue that takes orders."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from bot3.domain.account import Balance
from bot3.domain.approval import ApprovedOrder
from bot3.domain.fill import Fill
from bot3.domain.ids import ClientOrderId
from bot3.domain.values import Symbol, VenueName
from bot3.messages.orders import AccountEvent, VenueOrder
from bot3.ports.dead_man import DeadManPort


class VenuePort(Protocol):
    """One account on one venue. Every call has a deadline of its own.

    Every call may raise `VenueError` (the venue is down or refuses us as a whole).
    """

    @property
    def venue(self) -> VenueName: ...

    @property
    def account(self) -> str:
        """Names the account without revealing its key; another account, another ledger."""
        ...

    @property
    def dead_man(self) -> DeadManPort | None:
        """None where the venue has no such thing, or it is not wanted."""
        ...

    async def refresh(self) -> None:
        """Measures the clock offset and loads the filters; before the first order, then often."""
        ...

    async def submit(self, order: ApprovedOrder) -> VenueOrder:
        """Places it. Raises `OrderRejectedError` where it certainly did not execute,

        `OutcomeUnknownError` where nobody knows (time-out, 5xx, lost connection).
        """
        ...

    async def cancel(self, symbol: Symbol, client_order_id: ClientOrderId) -> VenueOrder:
        """Raises `OrderRejectedError` where no such order is open there: it may have filled."""
        ...

    async def cancel_all(self, symbol: Symbol) -> int:
        """How many orders the venue took off the book."""
        ...

    async def query(self, symbol: Symbol, client_order_id: ClientOrderId) -> VenueOrder | None:
        """None where the venue knows no such order (yet)."""
        ...

    async def open_orders(self, symbol: Symbol) -> list[VenueOrder]: ...

    async def fills_since(self, symbol: Symbol, since_ns: int) -> list[Fill]:
        """Our fills with a venue time at or after `since_ns`, oldest first."""
        ...

    async def balances(self) -> list[Balance]: ...

    async def run_account(
        self,
        symbols: Sequence[Symbol],
        publish: Callable[[AccountEvent], None],
        *,
        ready: Callable[[], None],
    ) -> None:
        """The private stream, until cancelled; reconnects, logs in and resubscribes by itself.

        `AccountLost` and `AccountRestored` frame every gap. `ready` is called once.
        """
        ...

    async def aclose(self) -> None:
        """Closes what is kept open between calls; the port is not used afterwards."""
        ...

    def counts(self) -> Mapping[str, int]:
        """Figures for the operator, by name, since the port was made."""
        ...
