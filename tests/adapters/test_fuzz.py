"""Whatever a venue sends, no decoder of live frames raises: true frames, mutated, and noise."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.binance.account_schemas import decode_account
from adapters.binance.order_entry import BinanceOrderDialect
from adapters.binance.schemas import decode_stream
from adapters.bybit.private import BybitAccountDialect, BybitOrderDialect
from adapters.bybit.schemas import decode_feed as decode_bybit
from adapters.bybit.translate import wire_symbol as bybit_symbol
from adapters.net.credentials import Credentials
from adapters.net.order_ids import OrderIds
from adapters.net.symbols import SymbolTable
from adapters.okx.private import OkxAccountDialect, OkxOrderDialect
from adapters.okx.schemas import decode_feed as decode_okx
from adapters.okx.translate import wire_symbol as okx_symbol
from bot3.domain.values import Side, Symbol, VenueName
from tests.adapters.simulated import test_bybit_sockets as bybit
from tests.adapters.simulated import test_okx_sockets as okx
from tests.adapters.simulated.direct import DirectVenue, Socket

Decode = Callable[[str | bytes], object]
KEYS = Credentials("a key", "a secret", "a phrase")
ODD = ("", "0", "-1", "NaN", "Infinity", "1e400", "-0.0", "\ud800", "9" * 400, "Buy", "\x00")


def _moved(venue: DirectVenue, sockets: Sequence[Socket]) -> list[str]:
    venue.take(Side.BUY, 150)
    venue.rest(Side.BUY, 5_999_000, 77)
    venue.wait(1.2)
    return [text for socket in sockets for text in socket.sink.texts]


def okx_frames() -> list[str]:
    """Every kind that we use."""
    venue = DirectVenue("okx")
    for step in range(1, 6):
        venue.rest(Side.BUY, 6_000_000 - step, 100 * step)
        venue.rest(Side.SELL, 6_000_000 + step, 100 * step)
    public, private = venue.open(okx.PUBLIC), venue.open(okx.PRIVATE)
    args: list[Any] = [okx.arg("books"), okx.arg("trades")]
    public.session.received(json.dumps({"id": "1", "op": "subscribe", "args": args}))
    for said in (
        {"op": "login", "args": [okx.login_arg(venue)]},
        {"op": "subscribe", "args": [{"channel": "orders", "instType": "SPOT"}]},
        {"op": "subscribe", "args": [{"channel": "account"}]},
        {"id": "2", "op": "order", "args": [okx.order(px="60000.01")]},
        {"id": "3", "op": "order", "args": [okx.order(sz="0.000001")]},
        {"op": "login", "args": [{}]},
    ):
        private.session.received(json.dumps(said))
    return _moved(venue, (public, private))


def bybit_frames() -> list[str]:
    """Every kind that we use."""
    venue = DirectVenue("bybit")
    for step in range(1, 6):
        venue.rest(Side.BUY, 6_000_000 - step, 100 * step)
        venue.rest(Side.SELL, 6_000_000 + step, 100 * step)
    sockets = [venue.open(path) for path in (bybit.PUBLIC, bybit.PRIVATE, bybit.TRADE)]
    topics = ["orderbook.200.BTCUSDT", "publicTrade.BTCUSDT"]
    sockets[0].session.received(json.dumps({"req_id": "1", "op": "subscribe", "args": topics}))
    auth = json.dumps({"op": "auth", "args": bybit.auth_args(venue)})
    private = {"op": "subscribe", "args": ["order.spot", "execution.spot", "wallet"]}
    header = {"X-BAPI-TIMESTAMP": str(venue.now_ms)}
    place = {"reqId": "1", "header": header, "op": "order.create"}
    sockets[1].session.received(auth)
    sockets[1].session.received(json.dumps(private))
    sockets[2].session.received(auth)
    for args in (bybit.order(price="60000.01"), bybit.order(qty="9999")):
        sockets[2].session.received(json.dumps({**place, "args": [args]}))
    return _moved(venue, sockets)


def _account(dialect: Any) -> Decode:
    return lambda text: dialect.decode(text, 1)


def _symbols(name: str, wire: Callable[[Symbol], str]) -> SymbolTable:
    table = SymbolTable(VenueName(name), wire)
    table.add(Symbol("BTC/USDT"))
    return table


DECODERS: dict[str, tuple[Decode, Callable[[], list[str]]]] = {
    "okx feed": (decode_okx, okx_frames),
    "okx account": (
        _account(
            OkxAccountDialect(VenueName("okx"), KEYS, _symbols("okx", okx_symbol), OrderIds())
        ),
        okx_frames,
    ),
    "okx orders": (OkxOrderDialect(KEYS).read, okx_frames),
    "bybit feed": (decode_bybit, bybit_frames),
    "bybit account": (
        _account(
            BybitAccountDialect(
                VenueName("bybit"), KEYS, _symbols("bybit", bybit_symbol), OrderIds()
            )
        ),
        bybit_frames,
    ),
    "bybit orders": (BybitOrderDialect(KEYS).read, bybit_frames),
    "binance feed": (decode_stream, bybit_frames),
    "binance account": (decode_account, bybit_frames),
    "binance orders": (BinanceOrderDialect().read, bybit_frames),
}
FRAMES = {make: make() for make in (okx_frames, bybit_frames)}


@pytest.mark.parametrize("name", DECODERS)
@given(noise=st.one_of(st.binary(max_size=200), st.text(max_size=200)))
@settings(max_examples=150, deadline=None)
def test_noise(name: str, noise: str | bytes) -> None:
    assert DECODERS[name][0](noise) is not None


@pytest.mark.parametrize("name", DECODERS)
@given(data=st.data())
@settings(max_examples=200, deadline=None)
def test_cut_and_overwritten_frames(name: str, data: st.DataObject) -> None:
    decode, make = DECODERS[name]
    text = data.draw(st.sampled_from(FRAMES[make])).encode()
    start = data.draw(st.integers(0, len(text)))
    stop = data.draw(st.integers(start, len(text)))
    assert decode(text[:start] + data.draw(st.binary(max_size=8)) + text[stop:]) is not None


def _paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else ()
    inner = enumerate(value) if isinstance(value, list) else inner
    return [at, *(path for key, each in inner for path in _paths(each, (*at, key)))]


def _replaced(whole: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    place = whole
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return whole


@pytest.mark.parametrize("name", DECODERS)
@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_frames_with_one_odd_value(name: str, data: st.DataObject) -> None:
    decode, make = DECODERS[name]
    text = data.draw(st.sampled_from([each for each in FRAMES[make] if each.startswith("{")]))
    whole = json.loads(text)
    path = data.draw(st.sampled_from(_paths(whole)))
    odd = st.one_of(
        st.sampled_from(ODD), st.none(), st.integers(), st.floats(), st.just([]), st.just({})
    )
    assert decode(json.dumps(_replaced(whole, path, data.draw(odd)))) is not None
