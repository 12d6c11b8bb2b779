"""Where a venue is, and how its connections are kept: the same for every venue.

Invariant: every duration is positive.
"""

from __future__ import annotations

from attrs import field, frozen, validators

from adapters.net.lasting import ConnectionPolicy
from adapters.net.reconnect import BackoffPolicy
from bot3.domain.values import VenueName

_RECONNECT = BackoffPolicy()
_POSITIVE = validators.gt(0.0)


@frozen
class VenueSettings:
    """One environment of one venue. `trade_ws_url` empty: orders go by REST alone.

    `recv_window_ms` is how late the venue may take a signed request; `dead_man_s` how long it waits
    for a sign of life before it cancels orders itself (0: for ever).
    """

    rest_url: str
    ws_url: str
    private_ws_url: str
    trade_ws_url: str = ""
    venue: VenueName = field(kw_only=True)
    recv_window_ms: int = field(default=5_000, validator=validators.gt(0))
    request_timeout_s: float = field(default=10.0, validator=_POSITIVE)
    connect_timeout_s: float = field(default=10.0, validator=_POSITIVE)
    silence_s: float = field(default=30.0, validator=_POSITIVE)
    ping_interval_s: float = field(default=18.0, validator=_POSITIVE)
    connection_life_s: float = field(default=23 * 3600.0, validator=_POSITIVE)
    stable_after_s: float = field(default=30.0, validator=_POSITIVE)
    reconnect: BackoffPolicy = _RECONNECT
    is_demo: bool = False
    dead_man_s: int = field(default=0, validator=validators.ge(0))

    def connection(self, url: str, silence_s: float | None = None) -> ConnectionPolicy:
        """How a websocket of this venue is kept; `silence_s` where one is another's."""
        return ConnectionPolicy(
            url,
            self.connect_timeout_s,
            self.silence_s if silence_s is None else silence_s,
            self.connection_life_s,
            self.stable_after_s,
            self.reconnect,
        )
