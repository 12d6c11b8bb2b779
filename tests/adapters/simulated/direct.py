"""A wire front driven directly: what is sent goes into a list, and time is a number."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from attrs import define, field

from adapters.simulated.credential import Credential
from adapters.simulated.exchange import Exchange
from adapters.simulated.fronts import TickingFront, front_kit
from adapters.simulated.market import Cancel, Market, Place
from adapters.simulated.wire import HttpReply, HttpRequest, SocketSession
from bot3.domain.order import OrderType
from bot3.domain.values import Asset, Side
from supervisors.entropy import Entropy
from tests.adapters.simulated.conftest import BTC, KEY, SECRET, START_NS, instrument

PASSPHRASE = "said aloud"


@define
class ManualClock:
    """Moves when it is told to."""

    ns: int = START_NS

    def now_ns(self) -> int:
        return self.ns

    def monotonic_ns(self) -> int:
        return self.ns


@define(eq=False)
class Sink:
    """An outbox that keeps everything."""

    texts: list[str] = field(factory=list)
    close_codes: list[int] = field(factory=list)
    heard: Callable[[], object] = list

    def send(self, text: str) -> None:
        self.texts.append(text)
        self.heard()

    def close(self, code: int, reason: str) -> None:
        assert reason
        self.close_codes.append(code)

    def take(self) -> list[Any]:
        """What came since the last time, decoded where it is JSON."""
        texts, self.texts = self.texts, []
        return [json.loads(text) if text.startswith("{") else text for text in texts]


@define(eq=False)
class Socket:
    """One connection."""

    session: SocketSession
    sink: Sink

    def say(self, **message: Any) -> list[Any]:
        """Sends a message; all that has come by then."""
        self.session.received(json.dumps(message))
        return self.sink.take()


class DirectVenue:
    """One front before an exchange whose book stands still unless a test moves it."""

    def __init__(self, protocol: str, *, usdt: int = 10_000, btc: int = 1) -> None:
        self.clock = ManualClock()
        self.exchange = Exchange([instrument()], self.clock, first_id=1_000)
        funding = [(Asset("USDT"), Decimal(usdt)), (Asset("BTC"), Decimal(btc))]
        account = self.exchange.open_account(funding)
        self.credentials = {KEY: Credential(SECRET, account, PASSPHRASE)}
        self.front: TickingFront = front_kit(protocol).make_front(
            self.exchange, self.credentials, clock=self.clock, dice=Entropy(3).dice("front")
        )
        self._number = 0

    @property
    def market(self) -> Market:
        return self.exchange.markets[BTC]

    @property
    def now_ms(self) -> int:
        return self.clock.ns // 1_000_000

    def open(self, path: str) -> Socket:
        sink = Sink()
        session = self.front.open_session(HttpRequest("GET", path), sink)
        assert session is not None
        assert not isinstance(session, HttpReply)
        return Socket(session, sink)

    def wait(self, seconds: float) -> None:
        """In steps of 10 ms, as the exchange's own clock does at most."""
        end_ns = self.clock.ns + round(seconds * 1e9)
        while self.clock.ns < end_ns:
            self.clock.ns = min(self.clock.ns + 10_000_000, end_ns)
            self.front.tick(self.clock.ns)

    def rest(self, side: Side, price: int, lots: int) -> int:
        """The market's own order, in ticks and lots; its number."""
        self._number -= 1
        self.exchange.apply(BTC, [Place(self._number, 0, side, lots, price)])
        return self._number

    def take(self, side: Side, lots: int) -> None:
        """The market takes what is best."""
        self._number -= 1
        place = Place(self._number, 0, side, lots, None, OrderType.MARKET)
        self.exchange.apply(BTC, [place])

    def remove(self, number: int) -> None:
        self.exchange.apply(BTC, [Cancel(number)])

    def get(self, target: str) -> Any:
        reply = self.front.request(HttpRequest("GET", target))
        assert isinstance(reply, HttpReply)
        return json.loads(reply.body)
