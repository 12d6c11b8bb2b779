"""Bybit's disconnection protection (bybit.md, 12): when nobody listens, open orders are cancelled.

Invariant: it strikes once after the last connection that follows `dcp.spot` is gone, and only where
the account has a window; a connection that comes back within it starts from the beginning. A window
that is set takes effect ten seconds later.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, final

from adapters.net.decimals import whole
from adapters.simulated.bybit.errors import BybitApiError
from adapters.simulated.bybit.wire import Json
from adapters.simulated.exchange import Exchange
from adapters.simulated.orders import BY_TIMER
from adapters.simulated.text_params import Params
from supervisors.clock import Clock

TOPIC: Final = "dcp.spot"
_NS_PER_S: Final = 1_000_000_000
_DELAY_NS: Final = 10 * _NS_PER_S
_SECONDS: Final = range(3, 301)


@final
class DisconnectionProtection:
    """`is_followed` says whether any connection of an account follows `TOPIC`."""

    def __init__(
        self, exchange: Exchange, clock: Clock, is_followed: Callable[[int], bool]
    ) -> None:
        self._exchange, self._clock, self._is_followed = exchange, clock, is_followed
        self._windows: dict[int, list[tuple[int, int]]] = {}  # from when, seconds
        self._gone_ns: dict[int, int | None] = {}  # of accounts that were followed

    def set(self, account: int, params: Params) -> Json:
        """Only spot is traded here; the documents' default is options."""
        seconds = whole(params.needed("timeWindow"))
        if params.get("product") != "SPOT" or seconds is None or seconds not in _SECONDS:
            raise BybitApiError(10001, "Request parameter error")
        now_ns = self._clock.now_ns()
        before = [row for row in self._windows.get(account, []) if row[0] <= now_ns][-1:]
        if not before or before[0][1] != seconds:
            self._windows[account] = [*before, (now_ns + _DELAY_NS, seconds)]
        return {}

    def info(self, account: int, _params: Params) -> Json:
        """What holds now."""
        seconds = self._window_s(account, self._clock.now_ns())
        row: Json = {"product": "SPOT", "dcpStatus": "ON", "timeWindow": str(seconds)}
        return {"dcpInfos": [row] if seconds else []}

    def tick(self, now_ns: int) -> None:
        """Who came and who went, and for how long."""
        for account in self._windows:
            if self._is_followed(account):
                self._gone_ns[account] = None
            elif account in self._gone_ns:
                gone_ns = self._gone_ns[account] or now_ns
                self._gone_ns[account] = gone_ns
                seconds = self._window_s(account, now_ns)
                if seconds and now_ns - gone_ns >= seconds * _NS_PER_S:
                    del self._gone_ns[account]
                    self._fire(account)

    def _window_s(self, account: int, now_ns: int) -> int:
        held = [
            seconds for since_ns, seconds in self._windows.get(account, []) if since_ns <= now_ns
        ]
        return held[-1] if held else 0

    def _fire(self, account: int) -> None:
        for order in self._exchange.files.open_of(account):
            self._exchange.cancel(account, order.symbol, order.order_id, BY_TIMER)
