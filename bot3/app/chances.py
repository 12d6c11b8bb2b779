"""`[arbitrage]` and `[mev]`: what prices leave lying, and what others take from chains."""

from __future__ import annotations

from typing import Annotated

from attrs import frozen

from bot3.app.rules import SYMBOL_PATTERN, Flag, ListOf, Number, OneOf, Text, Url
from bot3.execution.group import Sending


@frozen
class ArbitrageSection:
    """`[arbitrage]`."""

    max_size: Annotated[float, Number(0, 1e12, is_above=True)]
    min_profit_bps: Annotated[float, Number(0, 1000)]
    leg_failure_rate: Annotated[float, Number(0, 1)]
    sending: Annotated[str, OneOf(tuple(each.value for each in Sending))]
    legs_within_s: Annotated[float, Number(0.1, 60)]
    mend_within_s: Annotated[float, Number(0.5, 600)]
    pause_s: Annotated[float, Number(0, 3600)]
    cross_symbols: Annotated[
        tuple[str, ...], ListOf(Text(SYMBOL_PATTERN, 'like "ETH/BTC"'), 20, least=0)
    ]


@frozen
class MevSection:
    """`[mev]`."""

    rpc_url: Annotated[str, Url(("ws", "wss"))]
    gap_alert_bps: Annotated[float, Number(0, 10_000)]
    feed_minds: Annotated[bool, Flag()]
