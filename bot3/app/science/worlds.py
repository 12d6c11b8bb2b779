"""The minds in simulated worlds: what they earn beside an oracle, after costs, and when they stop.

Invariant: the oracle knows the planted drift and nothing of its noise; both pay the same for their
turnover and may hold the same, none to all of what is allowed, long only as spot is.

A profit here shows that the machine finds what was planted; it says nothing of any market.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from adapters.simulated.latent import LatentPrices, WorldKind, WorldSettings
from bot3.actors.minds import MindSettings
from bot3.app.config import load_config
from bot3.app.science.lone_mind import LoneMind
from bot3.app.science.rows import Effort, Measured, Row
from bot3.app.wiring import mind_of
from bot3.domain.values import InstrumentId, Side, Symbol, VenueName
from bot3.messages.market import BookReplaced, TradePrinted
from supervisors.entropy import Entropy

_KEY: Final = InstrumentId(VenueName("simulated"), Symbol("BTC/USDT"))
_SECOND_NS: Final = 1_000_000_000
_START_NS: Final = 1_750_000_000 * _SECOND_NS
_START_PRICE: Final = 60_000.0
_TICK: Final = 0.01
_HOUR_S: Final = 3_600
_COST_BPS: Final = 10.0  # one way: the taker's fee of the embedded exchange
_POSITION_SHARE: Final = 0.02  # of capital: the default position limit
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


class PricePath(NamedTuple):
    """Each second's log return and, of before it, the drift per second."""

    returns: _Floats
    drifts: _Floats


class Earned(NamedTuple):
    """What was held through each second, and earned of it after costs, as log returns."""

    held: _Floats
    net: _Floats


def make_path(run: WorldRun) -> PricePath:
    """The efficient price; a function of the run alone."""
    settings = WorldSettings(run.kind, edge=run.edge)
    latent = LatentPrices(settings, 1, Entropy(run.seed).dice("world"))
    logs, drifts = [0.0], []
    for _ in range(run.seconds):
        drifts.append(latent.drifts[0])
        logs.append(latent.step(1.0)[0])
    return PricePath(np.diff(logs), np.array(drifts))


def settle(targets: _Floats, returns: _Floats, cost_bps: float) -> Earned:
    """A target holds through the next second; long only; a change of it is paid for."""
    held = np.clip(targets, 0.0, 1.0)
    turnover = np.abs(np.diff(held, prepend=0.0))
    return Earned(held, held * np.expm1(returns) - cost_bps * 1e-4 * turnover)


def minds_in(path: PricePath, run: WorldRun, mind: MindSettings) -> Earned:
    """The minds' targets, second by second, through the rooms that a live run uses."""
    lone = LoneMind(_KEY, mind)
    targets, before = np.zeros(len(path.returns)), 0.0
    for second, event in _events(path, run.seed):
        lone.hear(event)
        if isinstance(event, TradePrinted):
            targets[second] = before = lone.target if lone.target is not None else before
            lone.beat(event.ts_local_ns)
    return settle(targets, path.returns, run.cost_bps)


def oracle_in(path: PricePath, run: WorldRun) -> Earned:
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


def _events(path: PricePath, seed: int) -> Iterator[tuple[int, Any]]:
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


def mind_settings(cost_bps: float) -> MindSettings:
    """The default configuration's, with bars of a second and this price of trading."""
    config = load_config(None, {}, {"market.bar_interval_s": 1}).config
    return mind_of(config, cost_bps * 1e-4)


def _bps(earned: Earned) -> float:
    return 1e4 * float(earned.net.sum())


def _null(effort: Effort) -> Measured:
    """Loss at the position limit, and turnover by quarter of the day."""
    hours = 4 if effort.is_quick else 24
    losses, first, last, held = [], [], [], []
    for seed in effort.seeds(2, 3):
        run = WorldRun(WorldKind.NULL, 0.0, _COST_BPS, hours * _HOUR_S, seed)
        earned = minds_in(make_path(run), run, mind_settings(_COST_BPS))
        quarters = np.array_split(np.abs(np.diff(earned.held)), 4)
        losses.append(_bps(earned))
        first.append(float(quarters[0].sum()))
        last.append(float(quarters[-1].sum()))
        held.append(float(earned.held[-len(quarters[0]) :].mean()))
    worst = min(losses)
    figures = {
        "hours": float(hours),
        "full_position_bps_worst": worst,
        "capital_percent_worst": worst / 100.0 * _POSITION_SHARE,
        "turnover_first_quarter": float(np.mean(first)),
        "turnover_last_quarter": float(np.mean(last)),
        "held_last_quarter": float(np.mean(held)),
    }
    is_falling = figures["turnover_last_quarter"] < figures["turnover_first_quarter"] / 2.0
    return Measured(figures, figures["capital_percent_worst"] >= -1.0 and is_falling)


def _planted(kind: WorldKind, edge: float, share_min: float) -> Callable[[Effort], Measured]:
    def measure(effort: Effort) -> Measured:
        hours = 2 if effort.is_quick else 4
        shares, minds, oracles = [], [], []
        for seed in effort.seeds(3, 20):
            run = WorldRun(kind, edge, _COST_BPS, hours * _HOUR_S, seed)
            path = make_path(run)
            minds.append(_bps(minds_in(path, run, mind_settings(_COST_BPS))))
            oracles.append(_bps(oracle_in(path, run)))
            shares.append(minds[-1] / oracles[-1])
        low, high = np.quantile(shares, (0.25, 0.75))
        figures = {
            "hours": float(hours),
            "share_of_oracle_median": float(np.median(shares)),
            "share_low_quartile": float(low),
            "share_high_quartile": float(high),
            "minds_bps_median": float(np.median(minds)),
            "oracle_bps_median": float(np.median(oracles)),
        }
        return Measured(figures, figures["share_of_oracle_median"] >= share_min)

    return measure


def _thin(effort: Effort) -> Measured:
    """An edge that is there, and smaller than the fees."""
    hours = 2 if effort.is_quick else 8
    earned, held = [], []
    for seed in effort.seeds(2, 5):
        run = WorldRun(WorldKind.THIN, 2.0, _COST_BPS, hours * _HOUR_S, seed)
        found = minds_in(make_path(run), run, mind_settings(_COST_BPS))
        earned.append(_bps(found))
        held.append(float(found.held[-len(found.held) // 4 :].mean()))
    worst = min(earned)
    figures = {
        "hours": float(hours),
        "full_position_bps_worst": worst,
        "capital_percent_worst": worst / 100.0 * _POSITION_SHARE,
        "held_last_quarter": float(np.mean(held)),
    }
    return Measured(figures, figures["capital_percent_worst"] >= -1.0 and max(held) < 0.1)


ROWS: Final = (
    Row(
        "worlds",
        "null world: what the minds lose in a day, and whether they stop",
        "simulated",
        "at most 1 % of capital, turnover at least halved from the first quarter to the last",
        _null,
    ),
    Row(
        "worlds",
        "edge smaller than the fees",
        "simulated",
        "at most 1 % of capital lost, flat in the last quarter",
        _thin,
    ),
    Row(
        "worlds",
        "planted drift of twice the noise: share of an oracle's profit after the same costs",
        "simulated",
        "median at least .60",
        _planted(WorldKind.PLANTED, 2.0, 0.6),
    ),
    Row(
        "worlds",
        "phases of trend: share of an oracle's profit after the same costs",
        "simulated",
        "median at least .40",
        _planted(WorldKind.REGIME, 0.0, 0.4),
    ),
)
