"""The orders and fills that the exchange remembers, per account and instrument.

Invariant: an open order is always found; of the finished ones the newest `kept` stay.
"""

from __future__ import annotations

from collections import defaultdict, deque
from typing import final

from adapters.simulated.orders import AccountTrade, OrderRecord
from bot3.domain.values import Symbol

_Key = tuple[int, Symbol]


@final
class OrderFiles:
    """Lookup by order id, by client id, by account."""

    def __init__(self, *, kept: int = 5_000) -> None:
        self._kept = kept
        self._open: dict[tuple[Symbol, int], OrderRecord] = {}
        self._orders: defaultdict[_Key, dict[int, OrderRecord]] = defaultdict(dict)
        self._by_client_id: dict[tuple[int, Symbol, str], OrderRecord] = {}
        self._finished: defaultdict[_Key, deque[OrderRecord]] = defaultdict(deque)
        self._trades: defaultdict[_Key, deque[AccountTrade]] = defaultdict(
            lambda: deque(maxlen=kept)
        )

    def add(self, order: OrderRecord) -> None:
        """A new, open order."""
        key = (order.account, order.symbol)
        self._open[order.symbol, order.order_id] = order
        self._orders[key][order.order_id] = order
        self._by_client_id[*key, order.request.client_order_id] = order

    def finish(self, order: OrderRecord) -> None:
        """It is final now; the oldest final one may be forgotten."""
        key = (order.account, order.symbol)
        del self._open[order.symbol, order.order_id]
        finished = self._finished[key]
        finished.append(order)
        if len(finished) > self._kept:
            old = finished.popleft()
            del self._orders[key][old.order_id]
            client_key = (*key, old.request.client_order_id)
            if self._by_client_id.get(client_key) is old:
                del self._by_client_id[client_key]

    def add_trade(self, account: int, trade: AccountTrade) -> None:
        """One fill."""
        self._trades[account, trade.symbol].append(trade)

    def open_order(self, symbol: Symbol, order_id: int) -> OrderRecord:
        """Raises `KeyError` where it is not open."""
        return self._open[symbol, order_id]

    def by_order_id(self, account: int, symbol: Symbol, order_id: int) -> OrderRecord | None:
        """Open or remembered."""
        return self._orders[account, symbol].get(order_id)

    def by_client_id(self, account: int, symbol: Symbol, client_id: str) -> OrderRecord | None:
        """The newest of that client id: an id is free again once its order is final."""
        return self._by_client_id.get((account, symbol, client_id))

    def open_of(self, account: int, symbol: Symbol | None = None) -> list[OrderRecord]:
        """Oldest first; every instrument where `symbol` is None."""
        return [
            order
            for order in self._open.values()
            if order.account == account and symbol in {None, order.symbol}
        ]

    def all_of(self, account: int, symbol: Symbol) -> list[OrderRecord]:
        """Open and remembered, oldest first."""
        return list(self._orders[account, symbol].values())

    def trades_of(self, account: int, symbol: Symbol) -> list[AccountTrade]:
        """Remembered fills, oldest first."""
        return list(self._trades[account, symbol])
