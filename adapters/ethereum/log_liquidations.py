"""Liquidations from a transaction's logs, at lenders that log as Aave or Compound do."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from adapters.ethereum import events
from adapters.ethereum.wire import Log, NodeReceipt, number_of
from bot3.domain.chain import Liquidation, Protocol
from bot3.domain.tokens import ETHER


@frozen
class _Terms:
    protocol: Protocol
    liquidator: str
    borrower: str
    debt_token: str
    debt_amount: int
    collateral_token: str
    collateral_amount: int


def liquidations_in(receipt: NodeReceipt) -> list[Liquidation]:
    """In the order of the logs."""
    found: list[Liquidation] = []
    for log in receipt.logs:
        terms = _terms(log, receipt.logs) if log.topics else None
        if terms is None:
            continue
        found.append(
            Liquidation(
                transaction=receipt.transaction_hash.lower(),
                position=number_of(receipt.transaction_index),
                path=(number_of(log.log_index),),
                protocol=terms.protocol,
                market=log.address.lower(),
                liquidator=terms.liquidator,
                borrower=terms.borrower,
                debt_token=terms.debt_token,
                debt_amount=terms.debt_amount,
                collateral_token=terms.collateral_token,
                collateral_amount=terms.collateral_amount,
            )
        )
    return found


def _terms(log: Log, logs: Sequence[Log]) -> _Terms | None:
    topic = log.topics[0]
    if topic == events.AAVE_LIQUIDATION.topic:
        given = events.AAVE_LIQUIDATION.arguments(log.topics, log.data)
        if given is not None:
            collateral, debt, borrower, paid, got, liquidator, _ = given
            return _Terms(Protocol.AAVE, liquidator, borrower, debt, paid, collateral, got)
    if topic == events.AAVE_FIRST_LIQUIDATION.topic:
        given = events.AAVE_FIRST_LIQUIDATION.arguments(log.topics, log.data)
        if given is not None:
            collateral, debt, borrower, paid, got, _, liquidator, _, _ = given
            return _Terms(Protocol.AAVE, liquidator, borrower, debt, paid, collateral, got)
    if topic == events.COMPOUND_LIQUIDATION.topic:
        given = events.COMPOUND_LIQUIDATION.arguments((topic,), log.data)
        if given is not None:
            liquidator, borrower, paid, market, seized = given
            token = _repaid_in(log, paid, liquidator, logs)
            return _Terms(Protocol.COMPOUND, liquidator, borrower, token, paid, market, seized)
    return None


def _repaid_in(log: Log, paid: int, liquidator: str, logs: Sequence[Log]) -> str:
    """The token that the liquidator sent the market; the coin where he sent none."""
    for each in logs:
        if not each.topics or each.topics[0] != events.TRANSFER.topic:
            continue
        given = events.TRANSFER.arguments(each.topics, each.data)
        if given == (liquidator, log.address.lower(), paid):
            return each.address.lower()
    return ETHER
