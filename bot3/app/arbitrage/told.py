"""An opportunity as a line: of JSON for machines, of text for people."""

from __future__ import annotations

import json

from bot3.arbitrage.opportunity import Opportunity


def as_json(found: Opportunity, late_profit: float | None = None) -> str:
    """Amounts as floats; `late_net_bps` where it was asked what is left after a latency."""
    body = {
        "ts_ns": found.ts_ns,
        "kind": found.kind.value,
        "legs": [
            {
                "venue": leg.instrument.id.venue,
                "symbol": leg.instrument.id.symbol,
                "side": leg.side.value,
                "amount": float(leg.amount),
                "price": leg.price,
                "limit": float(leg.limit.amount),
            }
            for leg in found.legs
        ],
        "gross_bps": found.gross_bps,
        "net_bps": found.net_bps,
        "size_quote": found.size,
        "profit_quote": found.profit,
        "quote": found.quote,
        "leg_loss_quote": found.leg_loss,
    }
    if late_profit is not None:
        body["late_net_bps"] = 1e4 * late_profit / found.size
    return json.dumps(body)


def as_text(found: Opportunity, late_profit: float | None = None) -> str:
    """Kind, profit, and each leg."""
    legs = "; ".join(
        f"{leg.side.value} {float(leg.amount):.8g} {leg.instrument.base} at {leg.price:.8g}"
        f" {leg.instrument.quote} on {leg.instrument.id.venue}"
        for leg in found.legs
    )
    late = "" if late_profit is None else f", {1e4 * late_profit / found.size:+.2f} bps late"
    return (
        f"{found.ts_ns} {found.kind.value}: {found.profit:+.8g} {found.quote} on"
        f" {found.size:.8g} ({found.net_bps:+.2f} bps, gross {found.gross_bps:+.2f}{late});"
        f" a failed leg costs {found.leg_loss:.4g}: {legs}"
    )
