"""Two venues: the second follows the first because arbitrageurs see it, a little late."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from math import log

import numpy as np

from adapters.simulated.agent_settings import AgentSettings
from adapters.simulated.embedded import EmbeddedExchange, EmbeddedSettings
from adapters.simulated.orders import OrderRequest
from bot3.domain.order import OrderType, TimeInForce
from bot3.domain.values import Asset, Side, Symbol, VenueName
from supervisors.clock import ManualClock
from supervisors.entropy import Entropy
from tests.adapters.simulated.stylized import correlation

BTC = Symbol("BTC/USDT")
START_NS = 1_790_401_523_400_000_000
LATENCY_S = 0.2
LOOK_NS = AgentSettings().look_ms * 1_000_000
LAG = 10  # looks in that time


class TwoVenues:
    def __init__(self, seed: int) -> None:
        self.clock = ManualClock(START_NS)
        entropy = Entropy(seed)
        self.leader = self._venue("first", entropy)
        self.follower = self._venue("second", entropy, self.leader)

    def _venue(
        self, name: str, entropy: Entropy, leader: EmbeddedExchange | None = None
    ) -> EmbeddedExchange:
        settings = EmbeddedSettings(
            venue=VenueName(name), symbols=(BTC,), follow_latency_s=LATENCY_S, history_minutes=60
        )
        return EmbeddedExchange(
            settings,
            clock=self.clock,
            dice_of=entropy.dice,
            api_key=f"{name}key",
            api_secret="secret",
            leader=None if leader is None else leader.exchange,
        )

    def run(self, steps: int) -> list[tuple[float, float]]:
        """The middles of both after each step."""
        middles = []
        for _ in range(steps):
            self.clock.move_to(self.clock.now_ns() + LOOK_NS)
            self.leader.step()
            self.follower.step()
            middles.append((middle(self.leader), middle(self.follower)))
        return middles


def middle(venue: EmbeddedExchange) -> float:
    top = venue.exchange.markets[BTC].top()
    return (top.bid + top.ask) / 2


def test_the_follower_moves_when_its_arbitrageurs_have_seen_the_leader() -> None:
    middles = TwoVenues(7).run(3_000)
    returns = np.array(
        [(log(b[0] / a[0]), log(b[1] / a[1])) for a, b in pairwise(middles)], dtype=float
    )
    first, second = returns[:, 0], returns[:, 1]

    by_lag = {lag: correlation(first, second, lag) for lag in range(-14, 15)}
    assert max(by_lag, key=by_lag.__getitem__) == LAG
    assert by_lag[LAG] > 0.4
    assert max(by_lag[lag] for lag in range(-14, 0)) < 0.15
    drift = max(abs(log(b / a)) for a, b in middles)
    assert drift < 0.005, "the venues part"


def test_the_histories_are_one_path_and_end_where_the_markets_are() -> None:
    venues = TwoVenues(3)
    closes = [
        [bar.close for bar in venue.exchange.markets[BTC].candles.newest("1m", 50)]
        for venue in (venues.leader, venues.follower)
    ]
    assert closes[0][:-1] == closes[1][:-1]
    assert abs(log(middle(venues.leader) / middle(venues.follower))) < 0.001


def test_our_order_on_the_leader_moves_the_follower_after_the_latency() -> None:
    moved, quiet = TwoVenues(5), TwoVenues(5)
    for venues in (moved, quiet):
        venues.run(20)
    book = moved.leader.exchange
    account = book.open_account([(Asset("USDT"), Decimal(90_000_000))])
    book.place(
        account,
        OrderRequest(
            symbol=BTC,
            side=Side.BUY,
            kind=OrderType.LIMIT,
            tif=TimeInForce.IOC,
            price=Decimal("60400.00"),
            amount=Decimal(60),
            client_order_id="large",
        ),
    )
    before, after = moved.run(LAG), quiet.run(LAG)
    assert [each[1] for each in before[: LAG - 1]] == [each[1] for each in after[: LAG - 1]]
    later, undisturbed = moved.run(1)[0], quiet.run(1)[0]
    assert later[1] != undisturbed[1]


def test_the_same_seed_is_the_same_pair() -> None:
    assert TwoVenues(4).run(50) == TwoVenues(4).run(50) != TwoVenues(5).run(50)
