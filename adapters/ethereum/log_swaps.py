"""Swaps from a transaction's logs: all that a node tells without traces.

Invariant: pools of Uniswap's kinds do not log which tokens they trade: the transfers of the
transaction say it, by pool, receiver and amount; a swap whose transfers are not found is left out.
What was undone logs nothing, so that nothing here is reverted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from attrs import frozen

from adapters.ethereum import events
from adapters.ethereum.events import Event
from adapters.ethereum.wire import Log, NodeReceipt, number_of
from bot3.domain.chain import Protocol, Swap


@frozen
class Moved:
    """A transfer that a token logged; `index` counts through the block."""

    index: int
    token: str
    sender: str
    recipient: str
    amount: int


@frozen
class Leg:
    """One swap's facts."""

    pool: str
    sender: str
    recipient: str
    token_in: str
    amount_in: int
    token_out: str
    amount_out: int


_Read = Callable[[Log, tuple[Any, ...], Sequence[Moved]], Leg | None]


def swaps_in(receipt: NodeReceipt) -> list[Swap]:
    """In the order of the logs."""
    moved = [each for each in map(_moved, receipt.logs) if each is not None]
    found: list[Swap] = []
    for log in receipt.logs:
        for event, protocol, read in _READERS.get(log.topics[0] if log.topics else "", ()):
            given = event.arguments(log.topics, log.data)
            leg = None if given is None else read(log, given, moved)
            if leg is None or leg.token_in == leg.token_out:
                continue
            found.append(_swap(receipt, log, protocol, leg))
            break
    return found


def _swap(receipt: NodeReceipt, log: Log, protocol: Protocol, leg: Leg) -> Swap:
    return Swap(
        transaction=receipt.transaction_hash.lower(),
        position=number_of(receipt.transaction_index),
        path=(number_of(log.log_index),),
        protocol=protocol,
        pool=leg.pool,
        sender=leg.sender,
        recipient=leg.recipient,
        token_in=leg.token_in,
        amount_in=leg.amount_in,
        token_out=leg.token_out,
        amount_out=leg.amount_out,
    )


def _moved(log: Log) -> Moved | None:
    if not log.topics or log.topics[0] != events.TRANSFER.topic:
        return None
    given = events.TRANSFER.arguments(log.topics, log.data)
    if given is None:  # a collectible's transfer looks alike, with its number as a topic
        return None
    return Moved(number_of(log.log_index), log.address.lower(), *given)


def _by_transfers(
    log: Log, amount_in: int, amount_out: int, recipient: str, moved: Sequence[Moved]
) -> Leg | None:
    """By the last transfers to and from the pool before it logged: it does so when all is done.

    A token may take a fee of its transfer: then the amounts logged are not those moved.
    """
    pool, index = log.address.lower(), number_of(log.log_index)
    before = [each for each in moved if each.index < index]
    taken = [each for each in before if each.recipient == pool]
    got = [each for each in before if each.sender == pool and each.recipient == recipient]
    taken = [each for each in taken if each.amount == amount_in] or taken
    got = [each for each in got if each.amount == amount_out] or got
    if not taken or not got:
        return None
    paid, out = taken[-1], got[-1]
    return Leg(pool, paid.sender, recipient, paid.token, paid.amount, out.token, out.amount)


def _pair(log: Log, given: tuple[Any, ...], moved: Sequence[Moved]) -> Leg | None:
    _, recipient, in0, in1, out0, out1 = given
    amount_in, amount_out = (in0, out1) if out1 else (in1, out0)
    return _by_transfers(log, amount_in, amount_out, recipient, moved)


def _pool(log: Log, given: tuple[Any, ...], moved: Sequence[Moved]) -> Leg | None:
    _, recipient, amount0, amount1 = given[:4]
    amount_in, amount_out = (amount0, -amount1) if amount0 > 0 else (amount1, -amount0)
    return _by_transfers(log, amount_in, amount_out, recipient, moved)


def _curve(log: Log, given: tuple[Any, ...], moved: Sequence[Moved]) -> Leg | None:
    buyer, _, sold, _, bought = given
    return _by_transfers(log, sold, bought, buyer, moved)


def _named(log: Log, given: tuple[Any, ...], _: Sequence[Moved]) -> Leg | None:
    caller, token_in, token_out, amount_in, amount_out = given
    pool = log.address.lower()
    return Leg(pool, caller, caller, token_in, amount_in, token_out, amount_out)


def _vault(log: Log, given: tuple[Any, ...], moved: Sequence[Moved]) -> Leg | None:
    """The vault logs before it moves. Of a batch only the ends move: between them it stands."""
    pool, token_in, token_out, amount_in, amount_out = given
    vault, index = log.address.lower(), number_of(log.log_index)
    sender = recipient = vault
    for each in moved:
        if each.index < index:
            continue
        if (each.recipient, each.token, each.amount) == (vault, token_in, amount_in):
            sender = each.sender
        if (each.sender, each.token, each.amount) == (vault, token_out, amount_out):
            recipient = each.recipient
    return Leg("0x" + pool.hex(), sender, recipient, token_in, amount_in, token_out, amount_out)


def _bancor(log: Log, given: tuple[Any, ...], _: Sequence[Moved]) -> Leg | None:
    _, token_in, token_out, amount_in, amount_out, trader = given
    return Leg(log.address.lower(), trader, trader, token_in, amount_in, token_out, amount_out)


def _rfq(log: Log, given: tuple[Any, ...], _: Sequence[Moved]) -> Leg | None:
    _, _, taker, maker_token, taker_token, taken, made = given[:7]
    return Leg(log.address.lower(), taker, taker, taker_token, taken, maker_token, made)


def _limit(log: Log, given: tuple[Any, ...], _: Sequence[Moved]) -> Leg | None:
    _, _, taker, _, maker_token, taker_token, taken, made = given[:8]
    return Leg(log.address.lower(), taker, taker, taker_token, taken, maker_token, made)


def _otc(log: Log, given: tuple[Any, ...], _: Sequence[Moved]) -> Leg | None:
    _, _, taker, maker_token, taker_token, made, taken = given
    return Leg(log.address.lower(), taker, taker, taker_token, taken, maker_token, made)


_ALL: Final[tuple[tuple[Event, Protocol, _Read], ...]] = (
    (events.PAIR_SWAP, Protocol.UNISWAP_V2, _pair),
    (events.POOL_SWAP, Protocol.UNISWAP_V3, _pool),
    (events.CURVE_EXCHANGE, Protocol.CURVE, _curve),
    (events.CURVE_CRYPTO_EXCHANGE, Protocol.CURVE, _curve),
    (events.CURVE_UNDERLYING, Protocol.CURVE, _curve),
    (events.BALANCER_SWAP, Protocol.BALANCER_V1, _named),
    (events.VAULT_SWAP, Protocol.BALANCER_V2, _vault),
    (events.BANCOR_CONVERSION, Protocol.BANCOR, _bancor),
    (events.RFQ_FILLED, Protocol.ZERO_EX, _rfq),
    (events.LIMIT_FILLED, Protocol.ZERO_EX, _limit),
    (events.OTC_FILLED, Protocol.ZERO_EX, _otc),
)
_READERS: Final[dict[str, tuple[tuple[Event, Protocol, _Read], ...]]] = {
    event.topic: tuple(each for each in _ALL if each[0].topic == event.topic)
    for event, _, _ in _ALL
}
