"""Swaps from a transaction's calls: which pool was called, what it took before, what it paid out.

Invariant: amounts are those of transfers, never those asked for: a token that keeps a share of
every transfer is told by what was sent. Where the pool paid its recipient in more than one
transfer, or took nothing, it was no swap.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from attrs import frozen

from adapters.ethereum import abi
from adapters.ethereum.calls import Call, Transfer, coin_of, outermost, transfer_of, within
from bot3.domain.chain import Protocol, Swap

BANCOR_NETWORK: Final = "0x2f9ec37d6ccfff1cab21733bdadede11c823ccb0"
ZERO_EX_PROXY: Final = "0xdef1c0ded9bec7f1a1670819833240f027b25eff"
BALANCER_VAULT: Final = "0xba12222222228d8ba445958a75a0704d566bf2c8"


@frozen
class _Leg:
    """Who gave and got what at which pool."""

    pool: str
    paid: Transfer
    got: Transfer


_Read = Callable[[Call, Sequence[Transfer], Sequence[Transfer]], _Leg | None]


def swaps_of(transaction: str, position: int, calls: Sequence[Call]) -> list[Swap]:
    """All swaps of a transaction in order; those that were undone say so."""
    found: list[Swap] = []
    before: list[Transfer] = []
    for call in calls:
        if (moved := transfer_of(call)) is not None:
            if call.data != "0x":
                before.append(moved)
            continue
        known = _READERS.get(call.selector)
        if known is None:
            continue
        protocol, read = known
        inner = (transfer_of(each) for each in within(call, calls))
        leg = read(call, outermost(before), outermost([each for each in inner if each]))
        if leg is None or leg.paid.token == leg.got.token:
            continue
        found.append(
            Swap(
                transaction=transaction,
                position=position,
                path=call.path,
                protocol=protocol,
                pool=leg.pool,
                sender=leg.paid.sender,
                recipient=leg.got.recipient,
                token_in=leg.paid.token,
                amount_in=leg.paid.amount,
                token_out=leg.got.token,
                amount_out=leg.got.amount,
                error=call.error,
                is_reverted=call.is_reverted,
            )
        )
    return found


def _paying(recipient: str | None, call: Call, before: Sequence[Transfer],
            inner: Sequence[Transfer]) -> _Leg | None:  # fmt: skip
    """What came to the called pool last, and what it paid the recipient."""
    pool = call.to
    taken = (
        [coin_of(call)]
        if call.value
        else [each for each in before if each.recipient == pool]
        or [each for each in inner if each.recipient == pool]
    )
    paid = [each for each in inner if each.sender == pool and each.recipient == recipient]
    return _Leg(pool, taken[-1], paid[0]) if taken and len(paid) == 1 else None


def _recipient_at(function: abi.Function, index: int) -> _Read:
    def read(call: Call, before: Sequence[Transfer], inner: Sequence[Transfer]) -> _Leg | None:
        given = function.arguments(call.data, index + 1)
        return None if given is None else _paying(given[index], call, before, inner)

    return read


def _caller(call: Call, before: Sequence[Transfer], inner: Sequence[Transfer]) -> _Leg | None:
    return _paying(call.sender, call, before, inner)


def _bancor(call: Call, before: Sequence[Transfer], inner: Sequence[Transfer]) -> _Leg | None:
    """Of the network's path only its ends are told: what the trader gave and got."""
    given = abi.BANCOR_CONVERT.arguments(call.data)
    if given is None or call.to != BANCOR_NETWORK:
        return None
    trader = call.sender if int(given[3], 16) == 0 else given[3]
    gave = [each for each in (*before, *inner) if each.sender == trader]
    got = [each for each in inner if each.recipient == trader]
    return _Leg(call.to, gave[0], got[0]) if len(gave) == len(got) == 1 else None


def _zero_ex(call: Call, _: Sequence[Transfer], inner: Sequence[Transfer]) -> _Leg | None:
    """A maker's signed order: what the taker gave the maker, and the maker gave.

    The order's own words say which token is whose; the taker is whoever called.
    """
    order = next(each for each in abi.ZERO_EX_FILLS if each.selector == call.selector)
    given = order.arguments(call.data, 1)
    if given is None or call.to != ZERO_EX_PROXY:
        return None
    maker_token, taker_token = given[0][0], given[0][1]
    paid = [each for each in inner if each.token == taker_token]
    got = [each for each in inner if each.token == maker_token]
    if not paid or not got:
        return None
    taken = Transfer(paid[0].path, taker_token, call.sender, call.to, paid[0].amount)
    return _Leg(call.to, taken, Transfer(got[0].path, maker_token, call.to, call.sender,
                                         got[0].amount))  # fmt: skip


def _balancer_v2(call: Call, _: Sequence[Transfer], inner: Sequence[Transfer]) -> _Leg | None:
    """Every pool's tokens lie in one vault: the pool is told by its id."""
    given = abi.BALANCER_V2.arguments(call.data, 2)
    if given is None or call.to != BALANCER_VAULT:
        return None
    (pool, _kind, *_rest), (sender, _, recipient, _) = given[0], given[1]
    taken = [each for each in inner if each.recipient == call.to and each.sender == sender]
    paid = [each for each in inner if each.sender == call.to and each.recipient == recipient]
    return _Leg("0x" + pool.hex(), taken[0], paid[0]) if len(taken) == len(paid) == 1 else None


_READERS: dict[str, tuple[Protocol, _Read]] = {
    abi.SWAP_V2.selector: (Protocol.UNISWAP_V2, _recipient_at(abi.SWAP_V2, 2)),
    abi.SWAP_V3.selector: (Protocol.UNISWAP_V3, _recipient_at(abi.SWAP_V3, 0)),
    abi.CURVE_EXCHANGE.selector: (Protocol.CURVE, _caller),
    abi.CURVE_UNDERLYING.selector: (Protocol.CURVE, _caller),
    abi.BALANCER_IN.selector: (Protocol.BALANCER_V1, _caller),
    abi.BALANCER_OUT.selector: (Protocol.BALANCER_V1, _caller),
    abi.BALANCER_V2.selector: (Protocol.BALANCER_V2, _balancer_v2),
    abi.BANCOR_CONVERT.selector: (Protocol.BANCOR, _bancor),
    **{each.selector: (Protocol.ZERO_EX, _zero_ex) for each in abi.ZERO_EX_FILLS},
}
