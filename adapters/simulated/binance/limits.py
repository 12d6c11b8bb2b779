"""Binance's rate limits: fixed windows aligned to UTC, counted per address and per account.

One front counts for one address: clients of a simulated venue share its weight.
"""

from __future__ import annotations

from typing import final

from attrs import define, frozen

from adapters.simulated.binance.errors import ApiError

_MS_PER_S = 1_000
_MINUTE_S = 60
_BAN_AFTER = 100
_BAN_S = 120


@frozen
class LimitSettings:
    """Per minute, per ten seconds, per day."""

    weight_per_minute: int = 6_000
    orders_per_10_s: int = 100
    orders_per_day: int = 200_000
    raw_per_5_minutes: int = 300_000


@define
class _Window:
    """A counter that starts anew with each window."""

    length_s: int
    limit: int
    start_s: int = 0
    count: int = 0

    def at(self, now_s: int) -> int:
        start_s = now_s - now_s % self.length_s
        if start_s != self.start_s:
            self.start_s, self.count = start_s, 0
        return self.count

    def left_s(self, now_s: int) -> int:
        return self.length_s - now_s % self.length_s


@final
class Limits:
    """Counts weight and orders; raises `ApiError` 429 and 418."""

    def __init__(self, settings: LimitSettings) -> None:
        self.settings = settings
        self._weight = _Window(_MINUTE_S, settings.weight_per_minute)
        self._orders_10_s = _Window(10, settings.orders_per_10_s)
        self._orders_day = _Window(86_400, settings.orders_per_day)
        self._refused = _Window(_MINUTE_S, _BAN_AFTER)
        self._banned_until_s = 0

    def check_weight(self, weight: int, now_ms: int) -> None:
        """Raises where `weight` more would be over the limit, or the address is banned."""
        now_s = now_ms // _MS_PER_S
        if now_s < self._banned_until_s:
            raise ApiError(
                -1003,
                f"Way too much request weight used; IP banned until {self._banned_until_s}000. "
                "Please use WebSocket Streams for live updates to avoid bans.",
                status=418,
                retry_after_s=self._banned_until_s - now_s,
            )
        if self._weight.at(now_s) + weight <= self._weight.limit:
            return
        self._refused.at(now_s)
        self._refused.count += 1
        if self._refused.count > self._refused.limit:
            self._banned_until_s = now_s + _BAN_S
        raise ApiError(
            -1003,
            f"Too much request weight used; current limit is {self._weight.limit} request weight "
            "per 1 MINUTE. Please use WebSocket Streams for live updates to avoid polling the API.",
            status=429,
            retry_after_s=self._weight.left_s(now_s),
        )

    def charge(self, weight: int, now_ms: int) -> None:
        """Counts it."""
        self._weight.at(now_ms // _MS_PER_S)
        self._weight.count += weight

    def used_weight(self, now_ms: int) -> int:
        """In this minute."""
        return self._weight.at(now_ms // _MS_PER_S)

    def check_order(self, now_ms: int) -> None:
        """Raises `ApiError` -1015 where one more order is too many."""
        now_s = now_ms // _MS_PER_S
        for window, unit in ((self._orders_10_s, "10 SECOND"), (self._orders_day, "1 DAY")):
            if window.at(now_s) >= window.limit:
                raise ApiError(
                    -1015,
                    f"Too many new orders; current limit is {window.limit} orders per {unit}.",
                    status=429,
                    retry_after_s=window.left_s(now_s),
                )

    def count_order(self, now_ms: int) -> None:
        """An accepted placement."""
        for window in (self._orders_10_s, self._orders_day):
            window.at(now_ms // _MS_PER_S)
            window.count += 1

    def order_counts(self, now_ms: int) -> tuple[int, int]:
        """(this ten seconds, this day)."""
        now_s = now_ms // _MS_PER_S
        return self._orders_10_s.at(now_s), self._orders_day.at(now_s)

    def order_limits(self, now_ms: int) -> list[dict[str, object]]:
        """As `rateLimit/order` and the WS-API show them."""
        short, day = self.order_counts(now_ms)
        return [
            {**_limit("ORDERS", "SECOND", 10, self.settings.orders_per_10_s), "count": short},
            {**_limit("ORDERS", "DAY", 1, self.settings.orders_per_day), "count": day},
        ]

    def weight_limit(self, now_ms: int) -> dict[str, object]:
        """As the WS-API shows it."""
        limit = _limit("REQUEST_WEIGHT", "MINUTE", 1, self.settings.weight_per_minute)
        return {**limit, "count": self.used_weight(now_ms)}

    def rules(self) -> list[dict[str, object]]:
        """As `exchangeInfo` shows them."""
        settings = self.settings
        return [
            _limit("REQUEST_WEIGHT", "MINUTE", 1, settings.weight_per_minute),
            _limit("ORDERS", "SECOND", 10, settings.orders_per_10_s),
            _limit("ORDERS", "DAY", 1, settings.orders_per_day),
            _limit("RAW_REQUESTS", "MINUTE", 5, settings.raw_per_5_minutes),
        ]


def _limit(kind: str, interval: str, number: int, limit: int) -> dict[str, object]:
    return {
        "rateLimitType": kind,
        "interval": interval,
        "intervalNum": number,
        "limit": limit,
    }
