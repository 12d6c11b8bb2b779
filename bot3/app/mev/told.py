"""A finding as a line: of JSON for machines, of text for people."""

from __future__ import annotations

import json
from typing import Final

from bot3.domain.tokens import ASSETS, DECIMALS
from bot3.mev.detector import MevFinding, MevKind

_SHORT: Final = 10


def as_json(found: MevFinding) -> str:
    """Integers in the token's smallest unit, ether and dollars as floats; null where unknown."""
    worth = found.worth
    body = {
        "block": found.block,
        "kind": found.kind.value,
        "transactions": found.transactions,
        "pools": found.pools,
        "token": found.token,
        "profit": found.profit,
        "profit_eth": worth.profit_ether,
        "profit_usd": worth.profit_usd,
        "gas_eth": worth.gas_ether,
        "miner_eth": worth.miner_ether,
        "net_eth": worth.net_ether,
        "taker": found.taker,
        "victims": found.victims,
        "protocols": found.protocols,
        "reverted": found.is_reverted,
    }
    return json.dumps(body)


def as_text(found: MevFinding) -> str:
    """Who, what, how much."""
    worth, of = found.worth, "" if found.block is None else f"{found.block}  "
    parts = [f"{of}{found.kind.value:<11} {_profit(found)}"]
    if worth.net_ether is not None:
        parts.append(f"net {worth.net_ether:+.6f} ETH")
    if worth.miner_ether is not None:
        parts.append(f"miner {worth.miner_ether:.6f}")
    parts.append(f"by {found.taker[:_SHORT]}… on {', '.join(found.protocols)}")
    if found.kind is MevKind.SANDWICH:
        parts.append(f"{len(found.victims)} victim{'s' if len(found.victims) != 1 else ''}")
    if found.is_reverted:
        parts.append("tried in vain: reverted")
    return ", ".join([*parts, f"tx {found.transactions[0][:_SHORT]}…"])


def _profit(found: MevFinding) -> str:
    if found.profit is None:
        return "profit unknown"
    decimals = DECIMALS.get(found.token)
    if decimals is None:
        return f"{found.profit:+,} units of {found.token[:_SHORT]}…"
    dollars = found.worth.profit_usd
    told = "" if dollars is None else f" ({dollars:+,.2f} USD)"
    return f"{found.profit / float(10**decimals):+.6f} {ASSETS[found.token]}{told}"


def summary(findings: list[MevFinding], blocks: int, swaps: int) -> str:
    """One line for all."""
    counts = ", ".join(
        f"{sum(each.kind is kind for each in findings)} {kind.value}"
        + ("e" if kind is MevKind.SANDWICH else "") + "s"
        for kind in MevKind
    )  # fmt: skip
    miner = sum(each.worth.miner_ether or 0.0 for each in findings)
    return f"{blocks} blocks, {swaps} swaps: {counts}; miners got {miner:.4f} ETH of them"
