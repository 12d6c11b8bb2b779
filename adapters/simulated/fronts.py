"""The wire fronts by name: which protocol an exchange speaks is one line of `FRONTS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Protocol

from attrs import frozen

from adapters.simulated.binance.faults import BinanceFaultDialect
from adapters.simulated.binance.front import BinanceFront
from adapters.simulated.bybit.faults import BybitFaultDialect
from adapters.simulated.bybit.front import BybitFront
from adapters.simulated.credential import Credential
from adapters.simulated.engine_queue import PlaceOrder
from adapters.simulated.exchange import Exchange
from adapters.simulated.fault_dialect import FaultDialect
from adapters.simulated.okx.faults import OkxFaultDialect
from adapters.simulated.okx.front import OkxFront
from adapters.simulated.wire import WireFront
from bot3.domain.errors import ConfigError
from supervisors.clock import Clock
from supervisors.entropy import Dice


class TickingFront(WireFront, Protocol):
    """A front whose streams go by the clock."""

    def tick(self, now_ns: int) -> None:
        """Sends what is due; at least every 100 ms."""
        ...


class MakeFront(Protocol):
    """A front's constructor, as far as it is used here."""

    def __call__(
        self,
        exchange: Exchange,
        credentials: Mapping[str, Credential],
        *,
        clock: Clock,
        dice: Dice,
        place: PlaceOrder | None = None,
    ) -> TickingFront: ...


@frozen
class FrontKit:
    """One protocol. `make_dialect` is given the time in milliseconds.

    A venue that does not list a least or greatest value of an order has no such rule.
    """

    make_front: MakeFront
    make_dialect: Callable[[Callable[[], int]], FaultDialect]
    lists_notional: bool = True


FRONTS: Final[Mapping[str, FrontKit]] = {
    "binance": FrontKit(BinanceFront, BinanceFaultDialect),
    "okx": FrontKit(OkxFront, OkxFaultDialect, lists_notional=False),
    "bybit": FrontKit(BybitFront, BybitFaultDialect),
}


def front_kit(protocol: str) -> FrontKit:
    """Raises `ConfigError` for a protocol that the simulated exchange does not speak."""
    try:
        return FRONTS[protocol]
    except KeyError:
        raise ConfigError(f"protocol {protocol!r}: there are {', '.join(FRONTS)}") from None


def fault_dialect(protocol: str, now_ms: Callable[[], int]) -> FaultDialect:
    """The protocol's words for its faults; raises `ConfigError`."""
    return front_kit(protocol).make_dialect(now_ms)
