"""What a venue itself does wrong, by rates and dice: which fault strikes which request or frame.

Invariant: a request or frame draws at most once and is struck by at most one fault; where all rates
are zero nothing is drawn. The same rates, dice and questions give the same faults.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import final

from adapters.simulated.fault_rates import (
    OUTAGES,
    FaultRates,
    Rates,
    RequestKind,
    Span,
    VenueFault,
)
from supervisors.clock import Clock
from supervisors.entropy import Dice

CallLater = Callable[[float, Callable[[], None]], None]
_NS_PER_S = 1_000_000_000


def _nobody(_fault: VenueFault) -> None:
    """Before a front listens."""


@final
class VenueFaults:
    """The faults of one venue. `on_fault` hears of each as it strikes, with where it did.

    `rates` may be replaced at any time; what lasts (a ban) ends with the rates that brought it.
    """

    def __init__(
        self,
        rates: FaultRates,
        dice: Dice,
        *,
        clock: Clock,
        call_later: CallLater,
        on_fault: Callable[[VenueFault, str], None],
    ) -> None:
        self._dice, self._clock = dice, clock
        self.call_later = call_later
        self.report = on_fault
        self.on_outage: Callable[[VenueFault], None] = _nobody
        self._outages: set[VenueFault] = set()
        self.rates = rates

    @property
    def rates(self) -> FaultRates:
        """As they are now."""
        return self._rates

    @rates.setter
    def rates(self, rates: FaultRates) -> None:
        self._rates = rates
        self.spares_frames = not (rates.frames or rates.account_frames)
        self._refusal: tuple[VenueFault, int] | None = None

    def of_request(self, kind: RequestKind) -> VenueFault | None:
        """What strikes the next request."""
        return self._pick(self._rates.requests[kind])

    def of_frame(self) -> VenueFault | None:
        """What strikes the next public frame."""
        return self._pick(self._rates.frames)

    def of_account_frame(self) -> VenueFault | None:
        """What strikes the next frame of an account."""
        return self._pick(self._rates.account_frames)

    def within(self, span: Span) -> float:
        """A number of this span."""
        return self._dice.uniform(*span)

    def choose(self, count: int) -> int:
        """One of `count` variants of a fault, from 0."""
        return self._dice.randrange(count)

    def outage(self, fault: VenueFault, *, is_on: bool) -> None:
        """Begins or ends what lasts; twice is harmless. Raises `ValueError` for anything else."""
        if fault not in OUTAGES:
            raise ValueError(f"{fault.value} strikes by its rate, it does not last")
        if not is_on:
            self._outages.discard(fault)
        elif fault not in self._outages:
            self._outages.add(fault)
            self.report(fault, "begins")
            self.on_outage(fault)

    def is_out(self, fault: VenueFault) -> bool:
        """True during this outage."""
        return fault in self._outages

    def refuse(self, fault: VenueFault) -> int:
        """Every request is refused as rate limited or banned from now on; for how many seconds."""
        is_ban = fault is VenueFault.BANNED
        lasts_s = round(self.within(self._rates.ban_s if is_ban else self._rates.retry_after_s))
        self._refusal = (fault, self._clock.monotonic_ns() + lasts_s * _NS_PER_S)
        return lasts_s

    def refusal(self) -> tuple[VenueFault, int] | None:
        """(why requests are refused now, for how many more seconds, rounded up)."""
        if self._refusal is None:
            return None
        fault, until_ns = self._refusal
        left_ns = until_ns - self._clock.monotonic_ns()
        if left_ns <= 0:
            self._refusal = None
            return None
        return fault, -(-left_ns // _NS_PER_S)

    def _pick(self, rates: Rates) -> VenueFault | None:
        if not rates:
            return None
        left = self._dice.random()
        for fault, rate in rates.items():
            left -= rate
            if left < 0:
                return fault
        return None
