"""Bybit's private topics: orders, executions and the wallet, to the sessions of their account."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Protocol, final

from adapters.simulated.bybit.disconnection import TOPIC
from adapters.simulated.bybit.pushes import text_of
from adapters.simulated.bybit.wallet import wallet_row
from adapters.simulated.bybit.wire import Json, execution_row, order_row
from adapters.simulated.exchange import Exchange
from adapters.simulated.orders import ExecutionReport
from bot3.domain.values import Asset
from supervisors.clock import Clock

_NS_PER_MS: Final = 1_000_000
_ORDERS: Final = ("order", "order.spot")
_EXECUTIONS: Final = ("execution", "execution.spot")
_FAST: Final = ("execution.fast", "execution.fast.spot")
_WALLET: Final = "wallet"
_SILENT: Final = ("position", "position.linear", "position.inverse", "greeks", TOPIC)
TOPICS: Final = frozenset({*_ORDERS, *_EXECUTIONS, *_FAST, _WALLET, *_SILENT})
_FAST_FIELDS: Final = (
    *("category", "symbol", "execId", "execPrice", "execQty", "orderId", "isMaker", "side"),
    *("execTime", "seq"),
)


class UserFollower(Protocol):
    """A connection that takes an account's pushes."""

    def pushed(self, text: str) -> None: ...


@final
class UserHub:
    """Listens to the exchange."""

    def __init__(self, exchange: Exchange, clock: Clock) -> None:
        self._exchange, self._clock = exchange, clock
        self._followers: dict[int, dict[UserFollower, set[str]]] = {}
        self._held: list[tuple[UserFollower, str]] | None = None
        exchange.listen(self)

    def join(self, account: int, follower: UserFollower, topics: Sequence[str]) -> None:
        """From now on; there is no snapshot."""
        self._followers.setdefault(account, {}).setdefault(follower, set()).update(topics)

    def leave(
        self, account: int, follower: UserFollower, topics: Sequence[str] | None = None
    ) -> None:
        """Some topics, or all of a connection that is gone."""
        followers = self._followers.get(account, {})
        left = followers.get(follower, set()) - set(topics or ()) if topics else set()
        if left:
            followers[follower] = left
        else:
            followers.pop(follower, None)

    def is_guarded(self, account: int) -> bool:
        """Whether a connection asks for protection by being there."""
        return any(TOPIC in wanted for wanted in self._followers.get(account, {}).values())

    @contextmanager
    def after(self) -> Iterator[None]:
        """What the block causes is told when it ends: a reply goes before it."""
        self._held = []
        try:
            yield
        finally:
            held, self._held = self._held, None
            for follower, text in held:
                follower.pushed(text)

    def reported(self, account: int, report: ExecutionReport) -> None:
        """`order`, and `execution` where it is a fill."""
        if not self._followers.get(account):
            return
        order, trade = report.order, report.trade
        number = f"{account}_{order.symbol}_{report.execution_id}"
        if trade is not None:
            given = self._exchange.markets[order.symbol].instrument
            rate = given.maker_fee_rate if trade.is_maker else given.taker_fee_rate
            row = execution_row(trade, order, rate)
            self._push(account, _EXECUTIONS, number, row)
            fast = {name: row[name] for name in _FAST_FIELDS}
            fast["orderLinkId"] = "" if trade.is_maker else row["orderLinkId"]
            self._push(account, _FAST, number, fast)
        fees = order.fills[0].commission_asset if order.fills else ""
        more = {"category": "spot", "feeCurrency": fees}
        self._push(account, _ORDERS, number, {**order_row(order), **more})

    def balances_changed(self, account: int, assets: Sequence[Asset], ts_ns: int) -> None:
        """`wallet`, of the assets that an order may have touched."""
        if not self._followers.get(account):
            return
        row = wallet_row(self._exchange, account, assets)
        self._push(account, (_WALLET,), f"{account}_wallet_{ts_ns // _NS_PER_MS}", row)

    def _push(self, account: int, topics: Sequence[str], number: str, row: Json) -> None:
        """Each under the name by which it was asked for."""
        now_ms = self._clock.now_ns() // _NS_PER_MS
        for follower, wanted in self._followers.get(account, {}).items():
            for topic in topics:
                if topic in wanted:
                    body = {"topic": topic, "id": number, "creationTime": now_ms, "data": [row]}
                    self._send(follower, text_of(body))

    def _send(self, follower: UserFollower, text: str) -> None:
        if self._held is None:
            follower.pushed(text)
        else:
            self._held.append((follower, text))
