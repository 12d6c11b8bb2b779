"""What the scripted venue says about one market."""

from __future__ import annotations

from bot3.domain.values import InstrumentId, Symbol, VenueName
from tests.adapters.binance.fake_exchange import START_NS, FakeExchange, Peer, ok

BTC = Symbol("BTC/USDT")
ID = InstrumentId(VenueName("binance"), BTC)
TIME_MS = START_NS // 1_000_000


async def welcome(peer: Peer) -> list[str]:
    """Answers the subscription; to which streams."""
    request = await peer.hear()
    await peer.say({"result": None, "id": request["id"]})
    streams = request["params"]
    assert isinstance(streams, list)
    return streams


def depth(first: int, last: int, *bids: list[str], wire: str = "BTCUSDT") -> dict[str, object]:
    data = {"e": "depthUpdate", "E": TIME_MS, "s": wire, "U": first, "u": last}
    return {"stream": f"{wire.lower()}@depth@100ms", "data": {**data, "b": list(bids), "a": []}}


def trade(number: int, *, is_buyer_maker: bool = False) -> dict[str, object]:
    data = {"e": "trade", "E": TIME_MS, "s": "BTCUSDT", "t": number, "p": "10.5", "q": "0.25"}
    maker = {"T": TIME_MS - 1, "m": is_buyer_maker, "M": True}
    return {"stream": "btcusdt@trade", "data": {**data, **maker}}


def book(last: int) -> dict[str, object]:
    return {"lastUpdateId": last, "bids": [["10.0", "1.0"]], "asks": [["11.0", "2.0"]]}


def snapshots(exchange: FakeExchange, *lasts: int) -> None:
    """The n-th request gets the n-th snapshot; further ones the last of them."""
    left = list(lasts)
    exchange.routes["GET /api/v3/depth"] = lambda _: ok(
        book(left.pop(0) if len(left) > 1 else left[0])
    )
