"""The minds in simulated worlds: what they earn beside an oracle, after costs, and when they stop.

Invariant: the oracle knows the planted drift and nothing of its noise; both pay the same for their
turnover and may hold the same, none to all of what is allowed, long only as spot is.

A profit here shows that the machine finds what was planted; it says nothing of any market.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from adapters.simulated.latent import LatentPrices, WorldKind, WorldSettings
from bot3.actors.minds import MindSettings
from bot3.app.science.lone_mind import LoneMind
from bot3.domain.values import InstrumentId, Side, Symbol, VenueName
from bot3.messages.market import BookReplaced, TradePrinted
from supervisors.entropy import Entropy

_KEY: Final = InstrumentId(VenueName("simulated"), Symbol("BTC/USDT"))
_SECOND_NS: Final = 1_000_000_000
_START_NS: Final = 1_750_000_000 * _SECOND_NS
_START_PRICE: Final = 60_000.0
_TICK: Final = 0.01
_HOUR_S: Final = 3_600
_ENTERS: Final = (2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0)
_LEAVES: Final = (-20.0, -10.0, -5.0, 0.0, 5.0)
_Floats = NDArray[np.float64]


@frozen
class WorldRun:
    """One world and its price of trading, in basis points of what is turned over."""

    kind: WorldKind
    edge: float
    cost_bps: float
    seconds: int
    seed: int


class Path(NamedTuple):
    """Each second's log return and, of before it, the drift per second."""

    returns: _Floats
    drifts: _Floats


class Earned(NamedTuple):
    """What was held through each second, and earned of it after costs, as log returns."""

    held: _Floats
    net: _Floats


def make_path(run: WorldRun) -> Path:
    """The efficient price; a function of the run alone."""
    settings = WorldSettings(run.kind, edge=run.edge)
    latent = LatentPrices(settings, 1, Entropy(run.seed).dice("world"))
    logs, drifts = [0.0], []
    for _ in range(run.seconds):
        drifts.append(latent.drifts[0])
        logs.append(latent.step(1.0)[0])
    return Path(np.diff(logs), np.array(drifts))


def settle(targets: _Floats, returns: _Floats, cost_bps: float) -> Earned:
    """A target holds through the next second; long only; a change of it is paid for."""
    held = np.clip(targets, 0.0, 1.0)
    turnover = np.abs(np.diff(held, prepend=0.0))
    return Earned(held, held * np.expm1(returns) - cost_bps * 1e-4 * turnover)


def minds_in(path: Path, run: WorldRun, mind: MindSettings) -> Earned:
    """The minds' targets, second by second, through the rooms that a live run uses."""
    lone = LoneMind(_KEY, mind)
    targets, before = np.zeros(len(path.returns)), 0.0
    for second, event in _events(path, run.seed):
        lone.hear(event)
        if isinstance(event, TradePrinted):
            targets[second] = before = lone.target if lone.target is not None else before
            lone.beat(event.ts_local_ns)
    return settle(targets, path.returns, run.cost_bps)


def oracle_in(path: Path, run: WorldRun) -> Earned:
    """In where the drift to come pays for getting in, out where it has turned; the best such rule.

    Of a drift that fades over `edge_memory_s`, so much is to come: drift times that memory.
    """
    memory_s = WorldSettings(run.kind).edge_memory_s
    to_come = path.drifts * memory_s * 1e4
    best: Earned | None = None
    for enter_bps in _ENTERS:
        for leave_bps in _LEAVES:
            held = _hysteresis(to_come, enter_bps, leave_bps)
            earned = settle(held, path.returns, run.cost_bps)
            if best is None or earned.net.sum() > best.net.sum():
                best = earned
    assert best is not None
    return best


def _hysteresis(values: _Floats, enter: float, leave: float) -> _Floats:
    """1 from where `enter` is passed until it falls below `leave`, else 0."""
    state, out = 0.0, np.zeros(len(values))
    for at, value in enumerate(values.tolist()):
        if value > enter:
            state = 1.0
        elif value < leave:
            state = 0.0
        out[at] = state
    return out


def _events(path: Path, seed: int) -> Iterator[tuple[int, Any]]:
    """Of each second: the book and a trade at its start, which closes the bar of the one before."""
    dice, log_price = Entropy(seed).dice("quotes"), 0.0
    for second, moved in enumerate([0.0, *path.returns.tolist()[:-1]]):
        log_price += moved
        bid = math.floor(_START_PRICE * math.exp(log_price) / _TICK) * _TICK
        at_ns = _START_NS + second * _SECOND_NS
        bids, asks = (
            [(bid, dice.lognormvariate(0.0, 1.0))],
            [(bid + _TICK, dice.lognormvariate(0.0, 1.0))],
        )
        yield second, BookReplaced(_KEY, bids, asks, second + 1, at_ns, at_ns)
        side = Side.BUY if dice.random() < 0.5 else Side.SELL
        yield second, TradePrinted(_KEY, second, bid, 0.1, side, at_ns, at_ns)
