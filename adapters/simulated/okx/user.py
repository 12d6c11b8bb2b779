"""OKX's private channels: orders and balances, to the sessions of their account."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol, final

from adapters.simulated.exchange import Exchange
from adapters.simulated.numbers import ms_text
from adapters.simulated.okx.balances import balance_details, total_of
from adapters.simulated.okx.pushes import Arg, order_row, push
from adapters.simulated.okx.wire import Json
from adapters.simulated.orders import ExecutionReport
from bot3.domain.values import Asset
from supervisors.clock import Clock

# Of positions spot has none: who asks for them is told nothing.
CHANNELS: Final = frozenset({"orders", "account", "balance_and_position", "positions"})
_ANY: Final = frozenset({"", "SPOT", "ANY"})


class UserFollower(Protocol):
    """A connection that takes an account's pushes."""

    def pushed(self, text: str) -> None: ...


@final
class UserHub:
    """Listens to the exchange. A subscription is its own `arg`, which every push repeats."""

    def __init__(self, exchange: Exchange, clock: Clock) -> None:
        self._exchange, self._clock = exchange, clock
        self._followers: dict[int, dict[UserFollower, list[Arg]]] = {}
        exchange.listen(self)

    def join(self, account: int, follower: UserFollower, arg: Arg) -> list[str]:
        """From now on; the balances come as a snapshot first, orders do not."""
        args = self._followers.setdefault(account, {}).setdefault(follower, [])
        if arg not in args:
            args.append(arg)
        if arg["channel"] in {"orders", "positions"}:
            return []
        return [self._balances(account, arg, self._exchange.accounts.assets(account), "snapshot")]

    def leave(self, account: int, follower: UserFollower, arg: Arg | None = None) -> None:
        """One subscription, or all of a connection that is gone."""
        followers = self._followers.get(account, {})
        left = [known for known in followers.get(follower, []) if arg is not None and known != arg]
        if left:
            followers[follower] = left
        else:
            followers.pop(follower, None)

    def reported(self, account: int, report: ExecutionReport) -> None:
        """`orders`."""
        order = report.order
        market = self._exchange.markets[order.symbol]
        name = order.symbol.replace("/", "-")
        rate = market.instrument.taker_fee_rate
        last = market.scale.price(market.reference_price())
        for follower, arg in self._of(account, "orders"):
            if arg.get("instType", "") in _ANY and arg.get("instId", name) == name:
                said = {**arg, "uid": str(account)}
                follower.pushed(push(said, [order_row(report, rate, last)]))

    def balances_changed(self, account: int, assets: Sequence[Asset], ts_ns: int) -> None:
        """`account` and `balance_and_position`, of the assets that an order may have touched."""
        del ts_ns
        for channel in ("account", "balance_and_position"):
            for follower, arg in self._of(account, channel):
                follower.pushed(self._balances(account, arg, assets, "event_update"))

    def _of(self, account: int, channel: str) -> list[tuple[UserFollower, Arg]]:
        followers = self._followers.get(account, {})
        return [
            (follower, arg)
            for follower, args in followers.items()
            for arg in args
            if arg["channel"] == channel
        ]

    def _balances(self, account: int, arg: Arg, assets: Sequence[Asset], event: str) -> str:
        exchange, now_ns, wanted = self._exchange, self._clock.now_ns(), arg.get("ccy", "")
        chosen = [asset for asset in assets if wanted in {"", asset}]
        is_news = event != "snapshot"
        details = balance_details(exchange, account, chosen, now_ns, keeps_empty=is_news)
        said = {**arg, "uid": str(account)}
        if arg["channel"] == "balance_and_position":
            return push(said, [_position_row(details, event, now_ns)])
        row: Json = {"totalEq": total_of(exchange, account), "adjEq": "", "availEq": ""}
        row["uTime"] = ms_text(now_ns)
        pages: Json = {"curPage": 1, "lastPage": True} if event == "snapshot" else {}
        return push(said, [row | {"details": details}], eventType=event, **pages)


def _position_row(details: list[Json], event: str, now_ns: int) -> Json:
    """Cash alone; spot has no positions."""
    return {
        "pTime": ms_text(now_ns),
        "eventType": "snapshot" if event == "snapshot" else "filled",
        "balData": [{name: row[name] for name in ("ccy", "cashBal", "uTime")} for row in details],
        "posData": [],
        "trades": [],
    }
