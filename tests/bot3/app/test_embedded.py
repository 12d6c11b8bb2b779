"""The embedded exchange as the application makes it."""

from __future__ import annotations

from pathlib import Path

from bot3.app.config import load_config
from bot3.app.embedded import make_exchange, traded
from bot3.domain.values import Asset
from supervisors.clock import ManualClock
from supervisors.entropy import Entropy

KEYS = ("embeddedtest", "a-secret")
START_NS = 1_700_000_000 * 10**9


def test_a_recording_in_another_quote_is_funded_and_valued_in_it(tmp_path: Path) -> None:
    recording = tmp_path / "ETH_BTC.csv"
    rows = [f"{1_679_004_900_000 + n * 60_000},0.05,0.06,0.04,0.05,7" for n in range(40)]
    recording.write_text("\n".join(["ts,open,high,low,close,volume", *rows]))
    config = load_config(None, {}, {"simulation.replay": str(recording)}).config
    exchange = make_exchange(config, ManualClock(START_NS), Entropy(1), KEYS)
    seen = traded(config, exchange)
    assert (seen.system.quote, seen.exchanges.symbols) == ("BTC", ("ETH/BTC",))
    accounts = exchange.exchange.accounts
    assert accounts.free(exchange.account_id, Asset("BTC")) == 10_000
    assert accounts.assets(exchange.account_id) == [Asset("BTC")]


def test_a_world_is_funded_once_in_its_quote() -> None:
    config = load_config(None, {}).config
    exchange = make_exchange(config, ManualClock(START_NS), Entropy(1), KEYS)
    assert traded(config, exchange) == config
    assert exchange.exchange.accounts.free(exchange.account_id, Asset("USDT")) == 10_000
