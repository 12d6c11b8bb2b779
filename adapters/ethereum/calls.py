"""A transaction's calls from its trace, and the transfers among them.

Invariant: a call that runs another's code on its own state (`delegatecall`) moves nothing by itself
and is left out, as is one that cannot change anything (`staticcall`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from attrs import frozen

from adapters.ethereum.abi import TRANSFER, TRANSFER_FROM
from adapters.ethereum.wire import NodeTrace, Trace
from bot3.domain.chain import Path
from bot3.domain.tokens import ETHER

_KINDS = frozenset({"call", "callcode"})


@frozen
class Call:
    """One call; addresses in lower case, `value` in wei."""

    path: Path
    sender: str
    to: str
    data: str
    value: int
    output: str
    error: str | None
    is_reverted: bool

    @property
    def selector(self) -> str:
        """The first four bytes of its data: which function."""
        return self.data[:10]


@frozen
class Transfer:
    """An amount of a token, or of the coin, that moved."""

    path: Path
    token: str
    sender: str
    recipient: str
    amount: int


def calls_of(traces: Iterable[Trace | NodeTrace]) -> list[Call]:
    """The calls of one transaction in order of execution, those undone later marked so."""
    ordered = sorted(traces, key=lambda trace: trace.trace_address)
    failed = [tuple(trace.trace_address) for trace in ordered if trace.error is not None]
    return [
        Call(
            path=(path := tuple(trace.trace_address)),
            sender=(trace.action.sender or "").lower(),
            to=(trace.action.to or "").lower(),
            data=trace.action.input or "0x",
            value=int(trace.action.value or "0x0", 16),
            output=(trace.result.output if trace.result else None) or "0x",
            error=trace.error,
            is_reverted=any(path[: len(each)] == each for each in failed),
        )
        for trace in ordered
        if trace.type == "call" and trace.action.call_type in _KINDS
    ]


def transfer_of(call: Call) -> Transfer | None:
    """What this call moved: tokens by `transfer` or `transferFrom`, or the coin by its value."""
    if call.selector == TRANSFER.selector:
        given = TRANSFER.arguments(call.data)
        return None if given is None else Transfer(call.path, call.to, call.sender, *given)
    if call.selector == TRANSFER_FROM.selector:
        given = TRANSFER_FROM.arguments(call.data)
        return None if given is None else Transfer(call.path, call.to, *given)
    if call.value > 0 and call.data == "0x":
        return coin_of(call)
    return None


def coin_of(call: Call) -> Transfer:
    """The coin that came with a call."""
    return Transfer(call.path, ETHER, call.sender, call.to, call.value)


def outermost(transfers: Sequence[Transfer]) -> list[Transfer]:
    """Without those within another: a token may pass a transfer on to itself, or take a fee."""
    kept: list[Transfer] = []
    for transfer in transfers:
        if not any(transfer.path[: len(each.path)] == each.path for each in kept):
            kept.append(transfer)
    return kept


def within(call: Call, others: Sequence[Call]) -> list[Call]:
    """Those that `call` made, directly or not."""
    depth = len(call.path)
    return [each for each in others if len(each.path) > depth and each.path[:depth] == call.path]
