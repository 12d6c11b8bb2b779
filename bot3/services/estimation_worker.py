"""The process that estimates what takes long: returns on standard input, parameters and an
allocation on standard output.

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

from bot3.domain.errors import DataError
from bot3.portfolio.allocation import AllocationLimits, APYOptimizer
from bot3.risk.adaptive.garch import fit_garch

Floats = NDArray[np.float64]


@frozen(eq=False)
class Question:
    """`moves`: log returns a bar, by instrument; `sleeves`: returns, shape (blocks, sleeves), each
    block `day_share` of a day.
    """

    moves: Mapping[str, Floats]
    sleeves: Floats
    day_share: float
    limits: AllocationLimits
    seed: int


def packed(question: Question) -> bytes:
    """What `main` reads."""
    body = io.BytesIO()
    names = list(question.moves)
    told = {
        "names": names,
        "day_share": question.day_share,
        "limits": asdict(question.limits),
        "seed": question.seed,
    }
    arrays: dict[str, Any] = {f"moves{at}": question.moves[name] for at, name in enumerate(names)}
    np.savez(body, told=np.array(json.dumps(told)), sleeves=question.sleeves, **arrays)
    return body.getvalue()


def answer(body: bytes) -> dict[str, Any]:
    """`volatilities` by instrument, `allocation`; each with its `error` where there is none."""
    with np.load(io.BytesIO(body), allow_pickle=False) as given:
        told = json.loads(str(given["told"]))
        fits = {name: _fitted(given[f"moves{at}"]) for at, name in enumerate(told["names"])}
        limits = AllocationLimits(**told["limits"])
        try:
            optimizer = APYOptimizer(limits)
            found = asdict(optimizer.allocate(given["sleeves"], told["day_share"], told["seed"]))
        except DataError as error:
            found = {"error": str(error)}
    return {"volatilities": fits, "allocation": found}


def _fitted(moves: Floats) -> dict[str, Any]:
    try:
        return asdict(fit_garch(moves))
    except DataError as error:
        return {"error": str(error)}


def main() -> None:
    """One question, one answer."""
    os.nice(10)
    sys.stdout.write(json.dumps(answer(sys.stdin.buffer.read())) + "\n")


if __name__ == "__main__":
    main()
