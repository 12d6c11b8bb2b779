"""Binance's user data: execution reports and balances, to the sessions of their account."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, final

from adapters.simulated.binance.events import account_position, execution_report
from adapters.simulated.binance.wire import Json
from adapters.simulated.exchange import Exchange
from adapters.simulated.orders import ExecutionReport
from bot3.domain.values import Asset


class UserSubscriber(Protocol):
    """A connection that takes an account's events."""

    def user_event(self, account: int, event: Json) -> None: ...


@final
class UserHub:
    """Listens to the exchange."""

    def __init__(self, exchange: Exchange) -> None:
        self._accounts = exchange.accounts
        self._subscribers: dict[int, dict[UserSubscriber, None]] = {}
        exchange.listen(self)

    def subscribe(self, account: int, subscriber: UserSubscriber) -> None:
        """From now on."""
        self._subscribers.setdefault(account, {})[subscriber] = None

    def unsubscribe(self, account: int, subscriber: UserSubscriber) -> None:
        """Harmless where it is not subscribed."""
        self._subscribers.get(account, {}).pop(subscriber, None)

    def reported(self, account: int, report: ExecutionReport) -> None:
        """`executionReport`."""
        if self._subscribers.get(account):
            self._send(account, execution_report(report))

    def balances_changed(self, account: int, assets: Sequence[Asset], ts_ns: int) -> None:
        """`outboundAccountPosition` of the assets that an order may have touched."""
        if not self._subscribers.get(account):
            return
        balances = [
            (asset, self._accounts.free(account, asset), self._accounts.held(account, asset))
            for asset in assets
        ]
        self._send(account, account_position(balances, ts_ns))

    def _send(self, account: int, event: Json) -> None:
        for subscriber in list(self._subscribers[account]):
            subscriber.user_event(account, event)
