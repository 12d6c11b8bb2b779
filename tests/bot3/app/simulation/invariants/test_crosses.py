"""Orders of cross symbols: both assets are counted, limited and bounded from the outside, too."""

from __future__ import annotations

from adapters.simulated.orders import OrderRecord
from bot3.app.simulation.invariants.events import WorldEvent
from bot3.app.simulation.invariants.exposure_limits import ExposureLimits
from bot3.app.simulation.invariants.groups import GroupsBounded
from bot3.app.simulation.invariants.jury import Violation
from bot3.app.simulation.invariants.order_limits import OrderLimits
from bot3.app.simulation.invariants.venue_sums import VenueSums
from bot3.domain.conversion import Conversion
from bot3.domain.values import InstrumentId, Price, Side, Symbol
from bot3.messages.arbitrage import ArbitrageClosed, GroupOutcome
from tests.bot3.app.simulation.invariants.history import Hear, History
from tests.bot3.app.simulation.invariants.promises import promises
from tests.bot3.making import KEY, USDT, VENUE, d

ETH = InstrumentId(VENUE, Symbol("ETH/USDT"))
CROSS = InstrumentId(VENUE, Symbol("ETH/BTC"))
RATE = Conversion(KEY, Price(d(100)))


def history(hear: Hear) -> History:
    """Bitcoin at 100, ether at 10."""
    world = History(hear).begin()
    world.publish("9.99", "10.01", ETH)
    world.publish("0.0999", "0.1001", CROSS)
    return world


def cross(world: History, amount: str, side: Side = Side.BUY, price: str = "0.1") -> OrderRecord:
    return world.order(
        amount, price, side=side, instrument=CROSS, conversion=RATE, strategy="arbitrage"
    )


def test_a_trade_moves_the_positions_of_both_assets() -> None:
    sums = VenueSums(USDT)

    def hear(event: WorldEvent) -> list[Violation]:
        sums.hear(event)
        return []

    world = history(hear)
    world.traded(world.order("1"))
    world.traded(cross(world, "2"))
    assert sums.positions == {KEY: d("0.799"), ETH: d("1.998")}


def test_what_a_cross_order_gives_must_be_held() -> None:
    world = history(ExposureLimits(promises()).hear)
    world.traded(world.order("1"))
    cross(world, "5")
    assert world.texts == []
    cross(world, "5")
    (text,) = world.texts
    assert f"1.0 {KEY} for sale, 0.99900000 held" in text


def test_what_a_cross_order_brings_is_exposure() -> None:
    world = history(ExposureLimits(promises()).hear)
    world.traded(world.order("2"))
    world.traded(world.order("9.6", "10", instrument=ETH))
    cross(world, "1.2")
    (text,) = world.texts  # 199.60 and 95.81 are held, 12.00 to come
    assert "makes all 307" in text
    del world.found[:]
    cross(world, "0.6", Side.SELL)
    assert [f"makes {KEY} 205" in text for text in world.texts] == [True, False]


def test_the_worth_of_one_order_is_in_the_currency() -> None:
    world = history(OrderLimits(promises()).hear)
    cross(world, "14")
    assert world.texts == []
    cross(world, "16")
    cross(world, "16", Side.SELL)
    assert [text.split("worth ")[1].split(",")[0] for text in world.texts] == ["160.00"] * 2


def test_what_loops_leave_open_is_bounded_by_asset() -> None:
    world = history(GroupsBounded(promises(group_size_max=d(100), group_s_max=5.0)).hear)
    leg = {"strategy": "arbitrage"}
    for _ in range(3):
        world.traded(world.order("0.9", **leg))
        world.traded(cross(world, "9"))
        world.traded(world.order("9", "10", side=Side.SELL, instrument=ETH, **leg))
    assert world.texts == []
    world.traded(cross(world, "9"))
    world.traded(cross(world, "9"))
    assert [text.split(":")[0] for text in world.texts] == ["ETH/USDT", "BTC/USDT"]
    del world.found[:]
    symbols = (ETH.symbol, CROSS.symbol)
    ended = ArbitrageClosed(
        KEY.symbol, GroupOutcome.LEFT, 3, 3, 0.1, 0.1, 99.0, 0.1, world.now_ns, "triangular",
        symbols,
    )  # fmt: skip
    world.write(ended)
    world.traded(cross(world, "9"))
    assert world.texts == []
