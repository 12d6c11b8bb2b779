"""Whether forecasts come true at all: by what a bet on them has made of one unit.

Invariant: where moves are as likely up as down whatever is expected, the wealth is at most one in
the mean, so that it is above x with a probability of at most 1/x, however wild the moves are and
however many bars were looked at.

A test martingale (Ville 1939; Shafer, Shen, Vereshchagin and Vovk 2011). A fixed number of standard
deviations, looked at with every bar, is passed by luck sooner or later; such a wealth is not.
"""

from __future__ import annotations

from math import exp, log
from typing import Final, final

# Which part of what is expected comes true is not known before: a quarter of the unit on each.
_PARTS: Final = (0.125, 0.25, 0.5, 1.0)
# A day of bars of a second is about seven memories, and each of a hundred instruments has as many
# chances: so about one of them a day believes luck.
_BELIEVED: Final = log(1_000.0)
_GIVEN_UP: Final = 0.0  # the unit is lost: nothing is left that speaks for the forecasts


@final
class Evidence:
    """The wealth of a bettor on moves as they were expected, and whether it convinces.

    A stake that is fixed before a move y makes exp(y - y²/2) of one, which is at most one in the
    mean where y is symmetric (de la Peña 1999): nothing need be known of the size of moves. Older
    ones fade over `memory_bars`, by a power below one, which makes no mean larger (Jensen).
    """

    __slots__ = ("_fade", "_squares", "_won", "is_believed")

    def __init__(self, memory_bars: float) -> None:
        self._fade = 1.0 - 1.0 / memory_bars
        self._won = self._squares = 0.0
        self.is_believed = False

    @property
    def log_wealth(self) -> float:
        """Natural logarithm of what one unit has become."""
        logs = [part * self._won - part * part * self._squares / 2.0 for part in _PARTS]
        most = max(logs)
        return most + log(sum(exp(each - most) for each in logs) / len(logs))

    def update(self, expected: float, moved: float) -> None:
        """A bar's return, and what was expected of it before; in deviations of such a return.

        Believed from a thousandfold wealth on, until not even the unit is left.
        """
        won = expected * moved
        self._won = self._won * self._fade + won
        self._squares = self._squares * self._fade + won * won
        wealth = self.log_wealth
        if wealth >= _BELIEVED:
            self.is_believed = True
        elif wealth < _GIVEN_UP:
            self.is_believed = False
