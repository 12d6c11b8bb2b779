"""The same symbol elsewhere: how far their price is from ours, who moved first, what pools traded.

Invariant: only mids that are to be trusted now are compared; without any, both figures are 0.
"""

from __future__ import annotations

from math import log

from bot3.domain.values import InstrumentId


class Peers:
    """Their mids, by instrument, and those at the last bar's close."""

    __slots__ = ("_before", "_bought", "_mids", "_own_before", "_sold")

    def __init__(self) -> None:
        self._mids: dict[InstrumentId, float] = {}
        self._before: dict[InstrumentId, float] = {}
        self._own_before = 0.0
        self._bought = self._sold = 0.0

    def on_mid(self, instrument: InstrumentId, mid: float) -> None:
        """A peer's mid now."""
        self._mids[instrument] = mid

    def on_lost(self, instrument: InstrumentId) -> None:
        """A peer's mid is not to be trusted any more."""
        self._mids.pop(instrument, None)

    def on_pools(self, bought: float, sold: float) -> None:
        """Base bought and sold from a chain's pools."""
        self._bought += bought
        self._sold += sold

    def take_pool_flow(self) -> float:
        """(bought - sold) / (bought + sold) of pools since the last taking; 0 without any."""
        bought, sold, self._bought, self._sold = self._bought, self._sold, 0.0, 0.0
        return (bought - sold) / (bought + sold) if bought + sold > 0.0 else 0.0

    def take(self, own_mid: float) -> tuple[float, float]:
        """(basis, lead) in basis points at a bar's close, which the next bar begins from.

        The basis is the mean of the peers' log mids above ours; the lead the mean of their log
        returns over the bar, less ours.
        """
        mids, before, own_before = self._mids, self._before, self._own_before
        self._before, self._own_before = dict(mids), own_mid
        if not mids:
            return 0.0, 0.0
        basis = sum(log(mid / own_mid) for mid in mids.values()) / len(mids)
        moved = [log(mid / before[key]) for key, mid in mids.items() if key in before]
        if not moved or own_before <= 0.0:
            return 1e4 * basis, 0.0
        return 1e4 * basis, 1e4 * (sum(moved) / len(moved) - log(own_mid / own_before))
