"""OKX's dead-man's switch, cancel all after: one countdown per account and tag (okx.md, 7.8).

Invariant: a countdown that is not begun anew in time cancels the account's open orders of its tag,
those of every tag where it has none, once; it keeps nobody from placing others.
"""

from __future__ import annotations

import re
from typing import Final, final

from adapters.net.decimals import whole
from adapters.simulated.exchange import Exchange
from adapters.simulated.okx.errors import OkxApiError, bad
from adapters.simulated.okx.wire import Json
from adapters.simulated.orders import BY_TIMER
from adapters.simulated.text_params import Params
from supervisors.clock import Clock

PATH: Final = "/trade/cancel-all-after"
TAG: Final = re.compile(r"[A-Za-z0-9]{1,16}")
_NS_PER_S: Final = 1_000_000_000
_SECONDS: Final = range(10, 121)
_TAGS_MAX: Final = 20


@final
class CancelAllAfter:
    """`set` is the request's handler, `tick` what time does."""

    def __init__(self, exchange: Exchange, clock: Clock) -> None:
        self._exchange, self._clock = exchange, clock
        self._due_ns: dict[tuple[int, str], int] = {}

    def set(self, account: int, params: Params) -> list[Json]:
        """Begins anew, or ends with zero; the times are seconds, as in the documents' example."""
        seconds = whole(params.needed("timeOut"))
        if seconds is None or (seconds and seconds not in _SECONDS):
            raise bad("timeOut")
        now_ns, key = self._clock.now_ns(), (account, params.matching("tag", TAG))
        if not seconds:
            self._due_ns.pop(key, None)
        else:
            tags = {tag for owner, tag in self._due_ns if owner == account and tag} | {key[1]}
            if len(tags - {""}) > _TAGS_MAX:
                raise OkxApiError(
                    "51071", "You have reached the maximum limit for tag level timers"
                )
            self._due_ns[key] = now_ns + seconds * _NS_PER_S
        due_ns = self._due_ns.get(key, 0)
        times = {"triggerTime": str(due_ns // _NS_PER_S), "ts": str(now_ns // _NS_PER_S)}
        return [{**times, "tag": key[1]}]

    def tick(self, now_ns: int) -> None:
        """What nobody pushed back."""
        for key, due_ns in list(self._due_ns.items()):
            if due_ns <= now_ns:
                del self._due_ns[key]
                self._fire(*key)

    def _fire(self, account: int, tag: str) -> None:
        for order in self._exchange.files.open_of(account):
            if tag in {"", order.request.tag}:
                self._exchange.cancel(account, order.symbol, order.order_id, BY_TIMER)
