"""The process that evolves strategies beside trading: rows of features on standard input, what was
promoted on standard output.

Invariant: it touches nothing but its streams, and gives way to everybody else on the machine.
"""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
from attrs import asdict, frozen
from numpy.typing import NDArray

from bot3.backtest.bars import interval_of
from bot3.backtest.validation.court import Judged
from bot3.domain.bars import Bars
from bot3.domain.errors import DataError
from bot3.evolution.engine import EvolutionSettings
from bot3.evolution.table import FeatureTable, returns_of
from bot3.evolution.whole import evolve_once
from bot3.strategies.genome import Genome


@frozen(eq=False)
class Question:
    """One instrument's past, row by bar: `columns` by `bot3.strategies.genome.NAMES`, shape
    (features, rows); closes and their times (ns). `fee`: of a trade, one way, as a share.
    """

    symbol: str
    columns: NDArray[np.float32]
    closes: NDArray[np.float64]
    times_ns: NDArray[np.int64]
    settings: EvolutionSettings
    fee: float


def packed(question: Question) -> bytes:
    """What `main` reads."""
    body = io.BytesIO()
    told = {
        "symbol": question.symbol, "fee": question.fee, "settings": asdict(question.settings),
    }  # fmt: skip
    np.savez(
        body,
        told=np.array(json.dumps(told)),
        columns=question.columns,
        closes=question.closes,
        times_ns=question.times_ns,
    )
    return body.getvalue()


def answer(body: bytes) -> dict[str, Any]:
    """`evaluated`, `rejected`, `promoted`; or `error`."""
    with np.load(io.BytesIO(body), allow_pickle=False) as given:
        told = json.loads(str(given["told"]))
        table = _table(told["symbol"], given["columns"], given["closes"], given["times_ns"])
    settings = EvolutionSettings(**told["settings"])
    try:
        found = evolve_once([table], settings, told["fee"], settings.seed)
    except DataError as error:
        return {"error": str(error)}
    return {
        "evaluated": found.evaluated,
        "rejected": found.rejected,
        "promoted": [_told(each) for each in found.promoted],
    }


def _table(
    symbol: str,
    columns: NDArray[np.float32],
    closes: NDArray[np.float64],
    times_ns: NDArray[np.int64],
) -> FeatureTable:
    """Bars that open where the one before closed: rows have closes alone."""
    opens = np.concatenate((closes[:1], closes[:-1]))
    high, low = np.maximum(opens, closes), np.minimum(opens, closes)
    interval_ns = interval_of(times_ns)
    bars = Bars(
        symbol, times_ns - interval_ns, opens, high, low, closes, np.zeros(len(closes)), interval_ns
    )
    return FeatureTable(bars, np.ascontiguousarray(columns), returns_of(bars), 0)


def _told(judged: Judged[Genome]) -> Mapping[str, Any]:
    return {
        "genome": judged.candidate.text,
        "expression": judged.candidate.expression,
        "return_search": judged.in_sample["total_return"],
        "return_holdout": judged.out_of_sample["total_return"],
        "p_spa": judged.p_values["spa"],
        "p_holdout": judged.p_values["holdout"],
        "deflated_sharpe": judged.dsr,
    }


def main() -> None:
    """One past, one answer."""
    os.nice(10)
    sys.stdout.write(json.dumps(answer(sys.stdin.buffer.read())) + "\n")


if __name__ == "__main__":
    main()
