"""Signatures: the venue's published vectors, over raw bytes, in the query or in the body."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import msgspec
import pytest

from adapters.simulated.binance.auth import authenticate
from adapters.simulated.binance.errors import ApiError
from adapters.simulated.binance.params import Params, rest_params, ws_params
from adapters.simulated.credential import Credential

REPO_ROOT = Path(__file__).parents[3]
SHARED = Path(os.environ.get("BOT3_SHARED", REPO_ROOT.parent / "shared"))
KEY = "0123456789abcdef"


def vectors(kind: str) -> list[dict[str, Any]]:
    path = SHARED / "data" / "signing" / "vectors.json"
    if not path.exists():
        pytest.skip(f"signing vectors are not there: {path}")
    found = [
        vector
        for vector in json.loads(path.read_text())
        if (vector["exchange"], vector["kind"]) == ("binance", kind)
        and vector["algorithm"] == "HMAC-SHA256"
        and "timestamp=" in vector["message"]
    ]
    assert found
    return found


def is_accepted(params: Params, secret: str) -> bool:
    now_ms = int(params.values["timestamp"])
    try:
        credential = authenticate(params, KEY, {KEY: Credential(secret, 5)}, now_ms)
    except ApiError as error:
        if error.code != -1022:
            raise
        return False
    return credential.account == 5


def test_published_rest_vectors_in_query_and_body_and_both() -> None:
    for vector in vectors("rest"):
        message, signed = vector["message"], f"signature={vector['signature']}"
        secret = vector["secret"]
        assert is_accepted(rest_params(f"{message}&{signed}", b""), secret)
        assert is_accepted(rest_params(f"{signed}&{message}", b""), secret)
        assert is_accepted(rest_params("", f"{message}&{signed}".encode()), secret)
        assert is_accepted(rest_params(message, signed.encode()), secret)
        assert not is_accepted(rest_params(f"{message}&a=1&{signed}", b""), secret)


def test_published_ws_api_vectors_in_any_order_as_texts_or_numbers() -> None:
    for vector in vectors("ws-api"):
        pairs = [pair.split("=", 1) for pair in vector["message"].split("&")]
        pairs.append(["signature", vector["signature"]])
        random.Random(1).shuffle(pairs)
        texts = dict(pairs)
        mixed = {k: int(v) if k in {"timestamp", "recvWindow"} else v for k, v in texts.items()}
        for values in (texts, mixed):
            raw = msgspec.json.decode(json.dumps(values), type=dict[str, msgspec.Raw])
            assert is_accepted(ws_params(raw), vector["secret"])
        changed = texts | {"timestamp": str(int(texts["timestamp"]) + 1)}
        raw = msgspec.json.decode(json.dumps(changed), type=dict[str, msgspec.Raw])
        assert not is_accepted(ws_params(raw), vector["secret"])


@pytest.mark.parametrize(
    ("age_ms", "window", "code"),
    [
        (5_000, None, -1022),
        (5_001, None, -1021),
        (-999, None, -1022),
        (-1_000, None, -1021),
        (100, "99.5", -1021),
        (100, "100.5", -1022),
        (60_000, "60000", -1022),
    ],
)
def test_the_receive_window(age_ms: int, window: str | None, code: int) -> None:
    """-1022 means that the time was right: the signature is looked at after it."""
    now_ms = 1_790_401_500_000
    values = {"timestamp": str(now_ms - age_ms), "signature": "00"}
    if window is not None:
        values["recvWindow"] = window
    with pytest.raises(ApiError) as caught:
        authenticate(Params(values), KEY, {KEY: Credential("s", 1)}, now_ms)
    assert caught.value.code == code
    micro = values | {"timestamp": values["timestamp"] + "000"}
    with pytest.raises(ApiError) as caught:
        authenticate(Params(micro), KEY, {KEY: Credential("s", 1)}, now_ms)
    assert caught.value.code == code


def test_a_credential_does_not_show_its_secret() -> None:
    assert "made up" not in repr(Credential("made up", 1))
