"""Which alerts an operator gets: when something begins, ends or happens, and not again at once.

Invariant: one kind about one subject is told at most once within `repeat_after_s`. What began or
ended meanwhile is told when that time is over, if it still is so: the last word told is true.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import Final, final, get_args

from attrs import define

from bot3.messages.alerts import Alert, AlertKind
from bot3.messages.market import TimerTicked
from bot3.telemetry.alert_news import (
    ENDS,
    MOMENTS,
    EventNews,
    LevelNews,
    event_of,
    level_of,
)

AlertNews = EventNews | LevelNews | TimerTicked
NEWS: Final[frozenset[type]] = frozenset(get_args(AlertNews))
KEPT_MAX: Final = 1_000
_NS: Final = 1_000_000_000
_Key = tuple[AlertKind, str]


@define
class _Matter:
    """Something that begins and ends. `word` is the last one about it."""

    word: Alert
    scope: str
    stands: bool = False
    is_told: bool = False  # that it stands, as far as the operator knows


@final
class Alerts:
    """Fed with the board's messages and the clock's beat. Keeps `KEPT_MAX` matters at most: of
    more, the oldest are forgotten.
    """

    def __init__(self, repeat_after_s: float) -> None:
        self._repeat_ns = int(repeat_after_s * _NS)
        self._matters: OrderedDict[_Key, _Matter] = OrderedDict()
        self._told_ns: OrderedDict[_Key, int] = OrderedDict()

    def take(self, news: AlertNews) -> Alert | None:
        """One message; what is to be told now. Of several, the others come with the next beats."""
        if isinstance(news, TimerTicked):
            return self._due(news.ts_ns)
        if isinstance(news, LevelNews):
            level = level_of(news)
            self._is_now(level.kind, level.scope, level.alerts)
            return self._due(news.ts_ns)
        alert = event_of(news)
        if alert is None:
            return None
        if alert.kind in MOMENTS:
            return self._told(alert, alert.ts_ns) if self._is_free(alert, alert.ts_ns) else None
        self._change(alert)
        return self._due(alert.ts_ns)

    def _change(self, alert: Alert) -> None:
        begun = ENDS.get(alert.kind)
        if begun is None:
            self._begin(alert, alert.subject)
        elif (matter := self._matters.get((begun, alert.subject))) is not None:
            matter.stands, matter.word = False, alert

    def _begin(self, alert: Alert, scope: str) -> None:
        key = (alert.kind, alert.subject)
        matter = self._matters.pop(key, None) or _Matter(alert, scope)
        is_again = matter.stands and matter.is_told and alert.kind in ENDS.values()
        if is_again and self._is_free(alert, alert.ts_ns):
            matter.is_told = False  # said again after so long, it is told again
        matter.stands, matter.word = True, alert
        self._matters[key] = matter
        _cut(self._matters)

    def _is_now(self, kind: AlertKind, scope: str, alerts: tuple[Alert, ...]) -> None:
        """What is missing has ended, of which nobody is told."""
        standing = {alert.subject for alert in alerts}
        for key, matter in list(self._matters.items()):
            if key[0] is kind and matter.scope == scope and key[1] not in standing:
                del self._matters[key]
        for alert in alerts:
            self._begin(alert, scope)

    def _due(self, now_ns: int) -> Alert | None:
        for key, matter in self._unsaid():
            if not (matter.stands or matter.is_told):
                del self._matters[key]  # over before anybody was told
            elif self._is_free(matter.word, now_ns):
                if matter.stands:
                    matter.is_told = True
                else:
                    del self._matters[key]
                return self._told(matter.word, now_ns)
        return None

    def _unsaid(self) -> Iterator[tuple[_Key, _Matter]]:
        for key, matter in list(self._matters.items()):
            if not (matter.stands and matter.is_told):
                yield key, matter

    def _is_free(self, alert: Alert, now_ns: int) -> bool:
        """A clock that was set back by more than the pause holds nobody up."""
        told_ns = self._told_ns.get((alert.kind, alert.subject))
        return told_ns is None or not abs(now_ns - told_ns) < self._repeat_ns

    def _told(self, alert: Alert, now_ns: int) -> Alert:
        key = (alert.kind, alert.subject)
        self._told_ns.pop(key, None)
        self._told_ns[key] = now_ns
        _cut(self._told_ns)
        return alert


def _cut(kept: OrderedDict[_Key, _Matter] | OrderedDict[_Key, int]) -> None:
    while len(kept) > KEPT_MAX:
        kept.popitem(last=False)
