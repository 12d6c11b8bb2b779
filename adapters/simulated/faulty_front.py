"""A front with faults before another front: requests lost, refused, answered late or not at all.

Invariant: what strikes a request as "not executed" keeps it from the front behind, everything else
passes it on exactly once; without faults, what comes out is what the front behind says.
"""

from __future__ import annotations

from functools import partial
from typing import final

from attrs import evolve

from adapters.simulated.engine_queue import EngineQueue
from adapters.simulated.fault_dialect import FaultDialect
from adapters.simulated.fault_rates import VenueFault
from adapters.simulated.faults import VenueFaults
from adapters.simulated.faulty_outbox import FaultyOutbox
from adapters.simulated.wire import (
    HttpReply,
    HttpRequest,
    NoReply,
    SocketSession,
    TextSink,
    WireFront,
)

_SERVICE_RESTART = 1012  # of IANA's registry of websocket close codes


@final
class FaultyFront:
    """A `WireFront`. `queue` is the way of the orders that `inner` accepts."""

    def __init__(
        self, inner: WireFront, dialect: FaultDialect, faults: VenueFaults, queue: EngineQueue
    ) -> None:
        self._inner, self._dialect = inner, dialect
        self._faults, self._queue = faults, queue
        self._open: dict[FaultyOutbox, VenueFault] = {}
        faults.on_outage = self._begin_outage

    def request(self, request: HttpRequest) -> HttpReply | NoReply:
        """What the front behind answers, unless a fault strikes."""
        if self._faults.is_out(VenueFault.REST_OUTAGE):
            return self._dialect.unavailable_before[0]
        refusal = self._faults.refusal()
        if refusal is not None:
            return self._dialect.refused(*refusal)
        kind = self._dialect.kind_of(request)
        fault = self._faults.of_request(kind)
        if fault is None:
            return self._inner.request(request)
        where = f"{kind.value} {request.method} {request.path}"
        if fault is VenueFault.ENGINE_QUEUED:
            return self._queued(request, where)
        self._faults.report(fault, where)
        answer = self._unexecuted(fault)
        return self._executed(fault, request) if answer is None else answer

    def open_session(
        self, request: HttpRequest, outbox: TextSink
    ) -> SocketSession | HttpReply | None:
        """A session whose frames may be struck, or a refusal during an outage."""
        is_account = self._dialect.is_account(request)
        outage = VenueFault.ACCOUNT_OUTAGE if is_account else VenueFault.STREAMS_OUTAGE
        if self._faults.is_out(outage):
            return self._dialect.unavailable_before[0]
        faulty = FaultyOutbox(outbox, self._dialect, self._faults, is_account=is_account)
        session = self._inner.open_session(request, faulty)
        if session is None or isinstance(session, HttpReply):
            return session
        self._open[faulty] = outage
        return _Session(session, partial(self._forget, faulty))

    def _unexecuted(self, fault: VenueFault) -> HttpReply | NoReply | None:
        """None where the request is executed."""
        match fault:
            case VenueFault.REQUEST_LOST:
                return NoReply(is_cut=False)
            case VenueFault.RATE_LIMITED | VenueFault.BANNED:
                return self._dialect.refused(fault, self._faults.refuse(fault))
            case VenueFault.UNAVAILABLE_BEFORE:
                return self._one_of(self._dialect.unavailable_before)
            case _:
                return None

    def _executed(self, fault: VenueFault, request: HttpRequest) -> HttpReply | NoReply:
        reply = self._inner.request(request)
        match fault:
            case VenueFault.REPLY_LOST:
                return NoReply(is_cut=self._faults.choose(2) == 1)
            case VenueFault.UNAVAILABLE_AFTER:
                return self._one_of(self._dialect.unavailable_after)
            case VenueFault.REPLY_SLOW if isinstance(reply, HttpReply):
                delay_s = self._faults.within(self._faults.rates.reply_delay_s)
                return evolve(reply, delay_s=reply.delay_s + delay_s)
            case _:
                return reply

    def _queued(self, request: HttpRequest, where: str) -> HttpReply | NoReply:
        """Answered by "nobody knows", or by nothing; what the gate refuses is not struck."""
        delay_s = self._faults.within(self._faults.rates.engine_delay_s)
        is_silent = self._faults.choose(2) == 1
        self._queue.delay_next(delay_s)
        reply = self._inner.request(request)
        if self._queue.take_back():
            return reply
        self._faults.report(VenueFault.ENGINE_QUEUED, f"{where} for {delay_s:.3f} s")
        return NoReply(is_cut=False) if is_silent else reply

    def _one_of(self, replies: tuple[HttpReply, ...]) -> HttpReply:
        return replies[self._faults.choose(len(replies))]

    def _begin_outage(self, fault: VenueFault) -> None:
        for outbox, outage in list(self._open.items()):
            if outage is fault:
                outbox.close(_SERVICE_RESTART, "Service restart")

    def _forget(self, outbox: FaultyOutbox) -> None:
        del self._open[outbox]


@final
class _Session:
    """The session behind, and word of its end."""

    def __init__(self, inner: SocketSession, forget: partial[None]) -> None:
        self._inner, self._forget = inner, forget

    @property
    def messages_per_s_max(self) -> int | None:
        return self._inner.messages_per_s_max

    def received(self, text: str) -> None:
        self._inner.received(text)

    def closed(self) -> None:
        self._forget()
        self._inner.closed()
