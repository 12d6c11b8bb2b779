"""The stylized facts of a market, measured on what it prints and quotes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from adapters.simulated.agent_settings import AgentSettings
from adapters.simulated.embedded import EmbeddedExchange, EmbeddedSettings
from adapters.simulated.latent import WorldSettings
from adapters.simulated.market import Market, Print
from bot3.domain.values import Symbol, VenueName
from supervisors.clock import ManualClock
from supervisors.entropy import Entropy

Series = NDArray[np.float64]

START_NS = 1_790_401_523_400_000_000
_NS_PER_MS = 1_000_000
_STEP_MS = 20
_SAMPLE_MS = 100
_HISTORY_MINUTES = 15


@frozen
class Sample:
    """What one venue showed: `middles` and `spreads` (ticks) every 100 ms, and its trades."""

    middles: Series
    spreads: Series
    signs: Series
    arrivals_s: Series

    def returns(self, every_ms: int) -> Series:
        """Log returns of the middle in basis points."""
        kept = self.middles[:: every_ms // _SAMPLE_MS]
        return np.diff(np.log(kept)) * 1e4


class _Recorder:
    """Looks at one venue's market."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._middles: list[float] = []
        self._spreads: list[float] = []
        self._trades: list[Print] = []
        market.listen(self)

    def traded(self, market: Market, trade: Print) -> None:
        self._trades.append(trade)

    def book_changed(self, *_: object) -> None:
        """Of no interest."""

    def top_changed(self, *_: object) -> None:
        """Of no interest."""

    def look(self) -> None:
        top = self._market.top()
        self._middles.append((top.bid + top.ask) / 2)
        self._spreads.append(top.ask - top.bid)

    def sample(self) -> Sample:
        return Sample(
            np.array(self._middles),
            np.array(self._spreads),
            np.array([-1.0 if trade.is_buyer_maker else 1.0 for trade in self._trades]),
            np.array([(trade.ts_ns - START_NS) / 1e9 for trade in self._trades]),
        )


def watch(
    seed: int,
    *,
    seconds: int,
    symbol: Symbol,
    world: WorldSettings | None = None,
    agents: AgentSettings | None = None,
    venues: Sequence[str] = ("first",),
) -> list[Sample]:
    """Runs venues, the later ones following the first, and returns what each showed."""
    clock, entropy = ManualClock(START_NS), Entropy(seed)
    made: list[EmbeddedExchange] = []
    for name in venues:
        settings = EmbeddedSettings(
            venue=VenueName(name),
            symbols=(symbol,),
            history_minutes=_HISTORY_MINUTES,
            world=world or WorldSettings(),
            agents=agents or AgentSettings(),
        )
        made.append(
            EmbeddedExchange(
                settings,
                clock=clock,
                dice_of=entropy.dice,
                api_key=f"{name}key",
                api_secret="secret",
                leader=made[0].exchange if made else None,
            )
        )
    recorders = [_Recorder(venue.exchange.markets[symbol]) for venue in made]
    for number in range(1, seconds * 1_000 // _STEP_MS + 1):
        clock.move_to(START_NS + number * _STEP_MS * _NS_PER_MS)
        for venue in made:
            venue.step()
        if number * _STEP_MS % _SAMPLE_MS == 0:
            for recorder in recorders:
                recorder.look()
    return [recorder.sample() for recorder in recorders]


def excess_kurtosis(values: Series) -> float:
    centered = values - values.mean()
    return float((centered**4).mean() / (centered**2).mean() ** 2 - 3.0)


def hill_index(values: Series, share: float = 0.05) -> float:
    """The tail index of |values|, from the largest `share` of them (Hill 1975)."""
    sizes = np.sort(np.abs(values))[::-1]
    count = max(int(len(sizes) * share), 2)
    return float(1.0 / np.log(sizes[: count - 1] / sizes[count - 1]).mean())


def autocorrelation(values: Series, lag: int) -> float:
    centered = values - values.mean()
    return float((centered[:-lag] * centered[lag:]).mean() / (centered**2).mean())


def decay_exponent(lags: Sequence[int], autocorrelations: Series) -> float:
    """Of the power law through them: minus the log-log slope."""
    found = np.maximum(autocorrelations, 1e-3)
    return float(-np.polyfit(np.log(lags), np.log(found), 1)[0])


def variation(arrivals_s: Series) -> float:
    """The coefficient of variation of the times between arrivals."""
    waits = np.diff(arrivals_s)
    return float(waits.std() / waits.mean())


def correlation(one: Series, other: Series, lag: int = 0) -> float:
    """Of `one` with `other`, `lag` samples later."""
    end = len(one) - abs(lag)
    if lag >= 0:
        return float(np.corrcoef(one[:end], other[lag : lag + end])[0, 1])
    return float(np.corrcoef(one[-lag : -lag + end], other[:end])[0, 1])
