"""Liquidations from a transaction's calls, at lenders that copy Aave or Compound.

Invariant: only what took effect: a call that was undone, or that answered with an error code as
Compound's do, liquidated nobody.
"""

from __future__ import annotations

from collections.abc import Sequence

from adapters.ethereum import abi
from adapters.ethereum.calls import Call, Transfer, coin_of, outermost, transfer_of, within
from bot3.domain.chain import Liquidation, Protocol


def liquidations_of(transaction: str, position: int, calls: Sequence[Call]) -> list[Liquidation]:
    """In order."""
    found: list[Liquidation] = []
    for call in calls:
        if call.is_reverted:
            continue
        inner = within(call, calls)
        if call.selector == abi.AAVE_LIQUIDATION.selector:
            made = _aave(transaction, position, call, inner)
        elif call.selector in _COMPOUND:
            made = _compound(transaction, position, call, inner)
        else:
            continue
        if made is not None:
            found.append(made)
    return found


_COMPOUND = (abi.COMPOUND_LIQUIDATION.selector, abi.COMPOUND_ETHER_LIQUIDATION.selector)


def _moved(inner: Sequence[Call]) -> list[Transfer]:
    found = (transfer_of(each) for each in inner if not each.is_reverted)
    return outermost([each for each in found if each is not None])


def _aave(transaction: str, position: int, call: Call, inner: Sequence[Call]) -> Liquidation | None:
    given = abi.AAVE_LIQUIDATION.arguments(call.data)
    if given is None:
        return None
    collateral, debt, borrower = given[:3]
    moved = [coin_of(call)] if call.value else []
    moved += _moved(inner)
    paid = [each for each in moved if each.sender == call.sender and each.token == debt]
    got = [each for each in moved if each.recipient == call.sender]
    return Liquidation(
        transaction=transaction,
        position=position,
        path=call.path,
        protocol=Protocol.AAVE,
        market=call.to,
        liquidator=call.sender,
        borrower=borrower,
        debt_token=debt,
        debt_amount=paid[0].amount if paid else given[3],
        # An aToken where the liquidator asked for it in the place of what it stands for.
        collateral_token=got[0].token if got else collateral,
        collateral_amount=got[0].amount if got else 0,
    )


def _compound(
    transaction: str, position: int, call: Call, inner: Sequence[Call]
) -> Liquidation | None:
    is_ether = call.selector == abi.COMPOUND_ETHER_LIQUIDATION.selector
    function = abi.COMPOUND_ETHER_LIQUIDATION if is_ether else abi.COMPOUND_LIQUIDATION
    given = function.arguments(call.data)
    # An error of Compound is a number that is returned, and no revert.
    has_failed = (
        not is_ether and int(call.output or "0x", 16) != 0 if call.output != "0x" else False
    )
    if given is None or has_failed:
        return None
    seized = [abi.COMPOUND_SEIZE.arguments(each.data) for each in inner
              if each.selector == abi.COMPOUND_SEIZE.selector]  # fmt: skip
    paid = [coin_of(call)] if is_ether else [e for e in _moved(inner) if e.sender == call.sender]
    return Liquidation(
        transaction=transaction,
        position=position,
        path=call.path,
        protocol=Protocol.COMPOUND,
        market=call.to,
        liquidator=call.sender,
        borrower=given[0],
        debt_token=paid[0].token if paid else call.to,
        debt_amount=paid[0].amount if paid else given[1],
        collateral_token=given[-1],
        collateral_amount=seized[0][2] if seized and seized[0] else 0,
    )
