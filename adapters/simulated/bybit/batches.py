"""Bybit's batches of orders: each item is an operation of its own (bybit.md, 7.5b).

Invariant: items are run in their order, and one that is refused stops none of the others. Each
counts against the batch's budget; the front has counted the first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple, final

from adapters.simulated.bybit.errors import TOO_FAST, BybitApiError
from adapters.simulated.bybit.trade_api import TradeApi
from adapters.simulated.bybit.wire import Json
from adapters.simulated.text_params import Params

_ITEMS_MAX: Final = 10
CREATE: Final = "/order/create-batch"
AMEND: Final = "/order/amend-batch"
CANCEL: Final = "/order/cancel-batch"


class Batch(NamedTuple):
    """The `result`, and beside it what became of each item."""

    result: Json
    verdicts: Json


@final
class BatchApi:
    """`take` counts one more item of (account, path) and says whether it is within the budget."""

    def __init__(self, trade: TradeApi, take: Callable[[int, str], bool]) -> None:
        self._trade, self._take = trade, take

    def create(self, account: int, params: Params) -> Batch:
        return self._run(account, params, CREATE, self._trade.create)

    def amend(self, account: int, params: Params) -> Batch:
        return self._run(account, params, AMEND, self._trade.amend)

    def cancel(self, account: int, params: Params) -> Batch:
        return self._run(account, params, CANCEL, self._trade.cancel)

    def _run(
        self, account: int, params: Params, path: str, one: Callable[[int, Params], Json]
    ) -> Batch:
        category = params.needed("category")
        items = params.each("request", category=category)
        if not 0 < len(items) <= _ITEMS_MAX:
            raise BybitApiError(10001, "Request parameter error: request")
        rows, verdicts = list[Json](), list[Json]()
        for at, item in enumerate(items):
            is_allowed = at == 0 or self._take(account, path)
            named, verdict = _tried(one, account, item) if is_allowed else _refused(item, *TOO_FAST)
            rows.append({"category": category, "symbol": item.get("symbol"), **named})
            verdicts.append(verdict)
        return Batch({"list": rows}, {"list": verdicts})


def _tried(one: Callable[[int, Params], Json], account: int, item: Params) -> tuple[Json, Json]:
    try:
        return one(account, item), {"code": 0, "msg": "OK"}
    except BybitApiError as error:
        return _refused(item, error.code, error.text)


def _refused(item: Params, code: int, text: str) -> tuple[Json, Json]:
    named: Json = {"orderId": item.get("orderId"), "orderLinkId": item.get("orderLinkId")}
    return named, {"code": code, "msg": text}
