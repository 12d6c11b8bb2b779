"""A file of swaps that were decoded elsewhere: a JSON list, plain or gzipped."""

from __future__ import annotations

from pathlib import Path

import msgspec

from adapters.ethereum.block_file import read_bytes
from bot3.domain.chain import ChainBlock, Protocol, Swap
from bot3.domain.errors import DataError


class SwapRow(msgspec.Struct):
    """One of the list; an unknown `protocol` is taken for a pool like any other."""

    transaction_hash: str
    transaction_position: int
    contract_address: str
    from_address: str
    to_address: str
    token_in_address: str
    token_in_amount: int
    token_out_address: str
    token_out_amount: int
    trace_address: list[int] = []
    protocol: str | None = None
    error: str | None = None
    block_number: int | None = None


def read_swaps(path: Path) -> list[ChainBlock]:
    """A block for each `block_number`; of rows without one, the number that the file is named by.

    Raises `DataError` saying what is wrong where.
    """
    try:
        rows = msgspec.json.decode(read_bytes(path), type=list[SwapRow])
    except (msgspec.DecodeError, ValueError) as error:
        raise DataError(
            f"{path}: not a list of swaps: {error}; expected rows of {{transaction_hash,"
            " transaction_position, contract_address, from_address, to_address,"
            " token_in_address, token_in_amount, token_out_address, token_out_amount}"
        ) from None
    named = path.name.split(".")[0]
    number = int(named) if named.isdecimal() else None
    blocks: dict[int | None, list[Swap]] = {}
    for row in rows:
        own = number if row.block_number is None else row.block_number
        blocks.setdefault(own, []).append(_swap_of(row))
    return [ChainBlock(number=own, swaps=tuple(swaps)) for own, swaps in blocks.items()]


def _swap_of(row: SwapRow) -> Swap:
    known = {each.value: each for each in Protocol}
    return Swap(
        transaction=row.transaction_hash.lower(),
        position=row.transaction_position,
        path=tuple(row.trace_address),
        protocol=known.get(row.protocol or "", Protocol.OTHER),
        pool=row.contract_address.lower(),
        sender=row.from_address.lower(),
        recipient=row.to_address.lower(),
        token_in=row.token_in_address.lower(),
        amount_in=row.token_in_amount,
        token_out=row.token_out_address.lower(),
        amount_out=row.token_out_amount,
        error=row.error,
        is_reverted=row.error is not None,
    )
