"""What a venue would say of recorded markets: the rules on pairs want to know it. Of what the data
cannot tell they are refused.

Invariant: it is of what was recorded up to then; the record's beginning counts as the market's. Of
a market no more is kept than the sums of a day's hours.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final, final

from attrs import Factory, define

from bot3.app.backtest.recordings import Recording
from bot3.app.settings import ProtectionsSettings
from bot3.domain.errors import ConfigError
from bot3.domain.values import InstrumentId
from bot3.messages.risk import PairExamined
from bot3.portfolio.drawdown import DAY_NS

_HOUR_NS: Final = 3_600 * 1_000_000_000
_MINUTE_NS: Final = 60 * 1_000_000_000


def check_rules(
    rules: ProtectionsSettings, half_spread: float, recordings: Sequence[Recording] | None
) -> list[str]:
    """What is to be noted; `recordings` None: of bars. Raises `ConfigError` for a rule that what
    was recorded cannot tell about.
    """
    is_wide = recordings is None or not all(each.is_book for each in recordings)
    if rules.max_pair_spread_bps and is_wide and not half_spread:
        raise ConfigError(
            "protections.max_pair_spread_bps: bars and trades do not tell the spread; say it with"
            " --slippage-bps, or leave the rule out"
        )
    for recording in recordings or ():
        if rules.min_pair_volume and not recording.has_trades():
            raise ConfigError(
                f"{recording.path}: no trade is in it, which protections.min_pair_volume goes by;"
                " record trades as well, or leave the rule out"
            )
    if rules.min_pair_volume or rules.min_pair_age_days:
        return ["rules on pairs: volume and age are of what was recorded up to then"]
    return []


@define
class _Market:
    began_ns: int
    hours: deque[list[float]] = Factory(deque)  # (hour, what was traded in it, in quote)


@final
class PairHistories:
    """Of the markets in `keys`, told once a minute; what is not known yet is not told."""

    def __init__(self, keys: Sequence[InstrumentId]) -> None:
        self._keys = keys
        self._markets: dict[InstrumentId, _Market] = {}
        self._due_ns = 0

    def heard(self, key: InstrumentId, ts_ns: int, notional: float = 0.0) -> None:
        """A market at a time, which never falls, and what was traded then, in quote."""
        market = self._markets.setdefault(key, _Market(ts_ns))
        hour = ts_ns // _HOUR_NS
        if not market.hours or market.hours[-1][0] != hour:
            market.hours.append([hour, 0.0])
        market.hours[-1][1] += notional

    def lasted(self, key: InstrumentId, began_ns: int, ended_ns: int, notional: float) -> None:
        """So much was traded in a bar, counted where it ends; of one longer than a day a day's
        share.
        """
        self._markets.setdefault(key, _Market(began_ns))
        share = min(DAY_NS / max(ended_ns - began_ns, 1), 1.0)
        self.heard(key, ended_ns - 1, notional * share)

    def due(self, now_ns: int) -> Iterator[PairExamined]:
        """What is to be told now."""
        if now_ns < self._due_ns:
            return
        self._due_ns = now_ns + _MINUTE_NS
        newest = now_ns // _HOUR_NS
        for key in self._keys:
            market = self._markets.get(key)
            if market is None:
                continue
            while market.hours and market.hours[0][0] <= newest - 24:
                market.hours.popleft()
            volume = sum(traded for _, traded in market.hours)
            yield PairExamined(key, now_ns, volume, (now_ns - market.began_ns) // DAY_NS)
