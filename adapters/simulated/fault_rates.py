"""What can go wrong at a venue itself, where each fault can strike, and how often it shall.

Invariant: the rates of one kind of request, or of frame, sum up to 1 at most and name only faults
that can strike there.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, unique
from typing import Final

from attrs import Attribute, field, frozen

from bot3.domain.errors import ConfigError

DELAY_MAX_S: Final = 600.0

Span = tuple[float, float]


@unique
class RequestKind(Enum):
    """What a request is about: new orders, cancels, signed questions, public data."""

    ENTRY = "entry"
    CANCEL = "cancel"
    QUERY = "query"
    DATA = "data"


@unique
class VenueFault(Enum):
    """Everything that can go wrong at a venue; the value is its name in reports."""

    REQUEST_LOST = "request_lost"  # not executed, never answered
    REPLY_LOST = "reply_lost"  # executed, never answered
    REPLY_SLOW = "reply_slow"  # executed, answered late, perhaps after the client gave up
    RATE_LIMITED = "rate_limited"  # 429, and so until its Retry-After has passed
    BANNED = "banned"  # 418, the same
    UNAVAILABLE_BEFORE = "unavailable_before"  # 503, not executed
    UNAVAILABLE_AFTER = "unavailable_after"  # 5xx, executed
    ENGINE_QUEUED = "engine_queued"  # past the gate, into the matching engine only later
    FRAME_GAP = "frame_gap"
    FRAME_DUPLICATED = "frame_duplicated"
    FRAME_REORDERED = "frame_reordered"
    FRAME_CORRUPTED = "frame_corrupted"
    FRAME_DELAYED = "frame_delayed"
    ACCOUNT_FRAME_DUPLICATED = "account_frame_duplicated"
    ACCOUNT_FRAME_DELAYED = "account_frame_delayed"
    ACCOUNT_FRAME_LOST = "account_frame_lost"  # and the socket is closed right after
    STREAMS_OUTAGE = "streams_outage"
    REST_OUTAGE = "rest_outage"
    ACCOUNT_OUTAGE = "account_outage"


FRAME_FAULTS: Final = (
    VenueFault.FRAME_GAP,
    VenueFault.FRAME_DUPLICATED,
    VenueFault.FRAME_REORDERED,
    VenueFault.FRAME_CORRUPTED,
    VenueFault.FRAME_DELAYED,
)
ACCOUNT_FRAME_FAULTS: Final = (
    VenueFault.ACCOUNT_FRAME_DUPLICATED,
    VenueFault.ACCOUNT_FRAME_DELAYED,
    VenueFault.ACCOUNT_FRAME_LOST,
)
OUTAGES: Final = (
    VenueFault.STREAMS_OUTAGE,
    VenueFault.REST_OUTAGE,
    VenueFault.ACCOUNT_OUTAGE,
)
_ANY_REQUEST = (
    VenueFault.REQUEST_LOST,
    VenueFault.REPLY_LOST,
    VenueFault.REPLY_SLOW,
    VenueFault.RATE_LIMITED,
    VenueFault.BANNED,
    VenueFault.UNAVAILABLE_BEFORE,
    VenueFault.UNAVAILABLE_AFTER,
)
REQUEST_FAULTS: Final[Mapping[RequestKind, tuple[VenueFault, ...]]] = {
    kind: (*_ANY_REQUEST, VenueFault.ENGINE_QUEUED) if kind is RequestKind.ENTRY else _ANY_REQUEST
    for kind in RequestKind
}

Rates = Mapping[VenueFault, float]


def _is_span(_: object, attribute: Attribute[Span], span: Span) -> None:
    if not 0 <= span[0] <= span[1] <= DELAY_MAX_S:
        limits = f"0 <= first <= second <= {DELAY_MAX_S:g}"
        raise ConfigError(f"{attribute.name} {span}: want two numbers, {limits}")


def _cleaned(rates: Rates, known: tuple[VenueFault, ...]) -> Rates:
    """In the order of `known`, without zeros; raises `ConfigError`."""
    foreign = [fault.value for fault in rates if fault not in known]
    if foreign:
        raise ConfigError(f"{', '.join(foreign)}: cannot strike here; choose of {_names(known)}")
    if any(rate < 0 for rate in rates.values()) or sum(rates.values()) > 1:
        raise ConfigError("rates of faults: want probabilities that sum up to 1 at most")
    return {fault: rates[fault] for fault in known if rates.get(fault)}


def _names(faults: tuple[VenueFault, ...]) -> str:
    return ", ".join(fault.value for fault in faults)


def _no_requests() -> Mapping[RequestKind, Rates]:
    return {}


def _no_rates() -> Rates:
    return {}


def _of_requests(rates: Mapping[RequestKind, Rates]) -> Mapping[RequestKind, Rates]:
    return {
        kind: _cleaned(rates.get(kind, {}), possible) for kind, possible in REQUEST_FAULTS.items()
    }


def _of_frames(rates: Rates) -> Rates:
    return _cleaned(rates, FRAME_FAULTS)


def _of_account_frames(rates: Rates) -> Rates:
    return _cleaned(rates, ACCOUNT_FRAME_FAULTS)


@frozen
class FaultRates:
    """Probabilities per request of a kind, per public frame, per frame of an account.

    Spans are (least, most), drawn evenly. A frame's delay holds back all that follows on its
    socket; an account's should stay below what its clients look back after a loss.
    """

    requests: Mapping[RequestKind, Rates] = field(factory=_no_requests, converter=_of_requests)
    frames: Rates = field(factory=_no_rates, converter=_of_frames)
    account_frames: Rates = field(factory=_no_rates, converter=_of_account_frames)
    reply_delay_s: Span = field(default=(0.5, 15.0), validator=_is_span)
    engine_delay_s: Span = field(default=(0.1, 10.0), validator=_is_span)
    frame_delay_s: Span = field(default=(0.1, 3.0), validator=_is_span)
    retry_after_s: Span = field(default=(1.0, 10.0), validator=_is_span)
    ban_s: Span = field(default=(30.0, 120.0), validator=_is_span)

    @classmethod
    def none(cls) -> FaultRates:
        """Nothing ever goes wrong."""
        return cls()

    @classmethod
    def even(cls, rates: Rates) -> FaultRates:
        """Each rate wherever its fault can strike; raises `ConfigError` for an outage."""
        outages = [fault.value for fault in rates if fault in OUTAGES]
        if outages:
            raise ConfigError(f"{', '.join(outages)}: lasts, and has no rate; switch it on and off")
        return cls(
            requests={
                kind: {fault: rates.get(fault, 0.0) for fault in possible}
                for kind, possible in REQUEST_FAULTS.items()
            },
            frames={fault: rates.get(fault, 0.0) for fault in FRAME_FAULTS},
            account_frames={fault: rates.get(fault, 0.0) for fault in ACCOUNT_FRAME_FAULTS},
        )
