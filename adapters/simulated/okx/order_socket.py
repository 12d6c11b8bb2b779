"""Order operations by websocket: REST's, with instruments by their numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, final

from attrs import frozen

from adapters.net.decimals import whole
from adapters.simulated.okx.errors import EXPIRED, OkxApiError
from adapters.simulated.okx.market_api import MarketApi
from adapters.simulated.okx.trade_api import BATCH_MAX, TradeApi
from adapters.simulated.text_params import Complain, Params

Json = dict[str, object]
Count = Callable[[tuple[object, ...], int], None]
_NS_PER_MS: Final = 1_000_000


@frozen
class _Operation:
    """`path` names the budget, which REST shares."""

    run: Callable[[int, Params], Json]
    path: str
    limit: int
    is_batch: bool = False
    can_expire: bool = False


@final
class OrderSocket:
    """`count(key, limit)` raises `OkxApiError` where a budget is used up."""

    def __init__(
        self, trade: TradeApi, market: MarketApi, complain: Complain, count: Count
    ) -> None:
        self._market, self._complain, self._count = market, complain, count
        self._operations: Mapping[str, _Operation] = {
            "order": _Operation(trade.place, "/trade/order", 60, can_expire=True),
            "batch-orders": _Operation(
                trade.place, "/trade/batch-orders", 300, is_batch=True, can_expire=True
            ),
            "cancel-order": _Operation(trade.cancel, "/trade/cancel-order", 60),
            "batch-cancel-orders": _Operation(
                trade.cancel, "/trade/cancel-batch-orders", 300, is_batch=True
            ),
            "amend-order": _Operation(trade.amend, "/trade/amend-order", 60, can_expire=True),
        }

    def run(self, account: int, op: str, args: list[Json], expiry: str) -> Json:
        """The reply without its `id` and `op`; never raises."""
        operation, now_ns = self._operations[op], self._market.now_ns()
        stamps: Json = {"inTime": str(now_ns // 1_000), "outTime": str(now_ns // 1_000)}
        try:
            items = self._items(account, operation, args, expiry)
        except OkxApiError as error:
            return {"data": [], "code": error.code, "msg": error.text, **stamps}
        data = [operation.run(account, item) for item in items]
        good = sum(item["sCode"] == "0" for item in data)
        code = "0" if good == len(data) else "2" if good else "1"
        return {"data": data, "code": code, "msg": "", **stamps}

    def _items(
        self, account: int, operation: _Operation, args: list[Json], expiry: str
    ) -> list[Params]:
        if not args:
            raise OkxApiError("60013", "Invalid args")
        if len(args) > (BATCH_MAX if operation.is_batch else 1):
            raise OkxApiError("51111", "Parameter batch orders count is too large")
        expiry_ms, now_ms = whole(expiry), self._market.now_ns() // _NS_PER_MS
        if operation.can_expire and expiry_ms is not None and expiry_ms < now_ms:
            raise OkxApiError(*EXPIRED)
        items = [self._named(arg) for arg in args]
        for item in items:
            self._count((account, operation.path, item.get("instId")), operation.limit)
        return items

    def _named(self, arg: Json) -> Params:
        """With `instId`, from the number; a client of old that names it is understood too."""
        code = str(arg.get("instIdCode") or "")
        if not code and not arg.get("instId"):
            raise OkxApiError("60033", "Parameter instIdCode can not be empty")
        name = self._market.name_of_code(code) if code else arg["instId"]
        return Params({**arg, "instId": name}, self._complain)
