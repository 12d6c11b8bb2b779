from __future__ import annotations

import copy
import json
import pickle
import traceback
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.binance.signing import query_of, signed_params, signed_query
from adapters.net.credentials import Credentials
from tests.adapters.binance.recordings import shared

KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
CREDENTIALS = Credentials(KEY, SECRET)
ORDER = {
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "quantity": "1",
    "price": "0.1",
    "recvWindow": 5000,
    "timestamp": 1499827319559,
}


@pytest.mark.parametrize(
    ("symbol", "signature"),
    [
        ("LTCBTC", "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"),
        (
            "\uff11\uff12\uff13\uff14\uff15\uff16",
            "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3",
        ),
    ],
)
def test_the_venues_rest_vectors(symbol: str, signature: str) -> None:
    query = signed_query(CREDENTIALS, {"symbol": symbol, **ORDER})
    assert query.endswith(f"&signature={signature}")
    assert query.isascii()


@pytest.mark.parametrize(
    ("params", "signature"),
    [
        (
            {
                "symbol": "BTCUSDT",
                "side": "SELL",
                "type": "LIMIT",
                "timeInForce": "GTC",
                "quantity": "0.01000000",
                "price": "52000.00",
                "recvWindow": 100,
                "timestamp": 1645423376532,
            },
            "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24",
        ),
        (
            {
                "timestamp": 1645423376532,
                "symbol": "\uff11\uff12\uff13\uff14\uff15\uff16",
                "side": "BUY",
                "type": "LIMIT",
                "timeInForce": "GTC",
                "quantity": "1.00000000",
                "price": "0.10000000",
                "recvWindow": 5000,
            },
            "b33892ae8e687c939f4468c6268ddd4c40ac1af18ad19a064864c47bae0752cd",
        ),
    ],
)
def test_the_venues_websocket_vectors(params: dict[str, str | int], signature: str) -> None:
    signed = signed_params(CREDENTIALS, params)
    assert signed == {**params, "apiKey": KEY, "signature": signature}


def test_the_collected_vectors() -> None:
    vectors = json.loads(shared("data/signing/vectors.json").read_text())
    tried = 0
    for vector in vectors:
        if vector["exchange"] == "binance" and vector["algorithm"] == "HMAC-SHA256":
            credentials = Credentials(vector.get("apiKey", "k"), vector["secret"])
            assert credentials.sign(vector["message"].encode()) == vector["signature"]
            tried += 1
    assert tried == 3


@given(st.dictionaries(st.text(min_size=1), st.one_of(st.text(), st.integers()), max_size=5))
def test_a_query_is_ascii_and_reads_back(params: dict[str, str | int]) -> None:
    clean = {k: v for k, v in params.items() if _encodable(k) and _encodable(str(v))}
    query = query_of(clean)
    assert query.isascii()
    assert " " not in query
    assert dict(parse_qsl(query, keep_blank_values=True)) == {k: str(v) for k, v in clean.items()}


def _encodable(text: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in text)


def test_nothing_shows_key_or_secret() -> None:
    shown = [repr(CREDENTIALS), str(CREDENTIALS), f"{CREDENTIALS}", CREDENTIALS.account]
    for write in (pickle.dumps, copy.copy):
        with pytest.raises(TypeError) as caught:
            write(CREDENTIALS)
        shown.append("".join(traceback.format_exception(caught.value)))
    for text in shown:
        assert KEY not in text
        assert SECRET not in text
        assert KEY[:8] not in text
        assert SECRET[:8] not in text
    with pytest.raises(ValueError, match="empty"):
        Credentials("", SECRET)
    with pytest.raises(ValueError, match="header") as refused:
        Credentials("key\nX: y", SECRET)
    assert "key\n" not in str(refused.value)


def test_the_account_is_the_keys_alone() -> None:
    assert Credentials(KEY, "another").account == CREDENTIALS.account
    assert Credentials("another", SECRET).account != CREDENTIALS.account
