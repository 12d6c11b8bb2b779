"""The process that searches for features: a past on standard input, what was found on standard
output.

Invariant: it touches nothing but its streams, and gives way to everybody else on the machine.
"""

from __future__ import annotations

import io
import json
import os
import sys
from typing import Any

import numpy as np

from bot3.domain.errors import DataError
from bot3.learning.search import Past, search
from supervisors.entropy import Entropy


def packed(past: Past, seed: int) -> bytes:
    """What `main` reads."""
    body = io.BytesIO()
    names = np.array([*past.names], dtype=np.str_)
    np.savez(body, names=names, values=past.values, closes=past.closes, seed=np.array(seed))
    return body.getvalue()


def answer(body: bytes) -> dict[str, Any]:
    """`found`: names and agreements; or `error`."""
    with np.load(io.BytesIO(body), allow_pickle=False) as told:
        past = Past([str(name) for name in told["names"]], told["values"], told["closes"])
        seed = int(told["seed"])
    dice = Entropy(seed).dice("features")
    try:
        found = search(past, dice.randrange, seed)
    except DataError as error:
        return {"error": str(error)}
    return {"found": [[each.name, each.agreement] for each in found]}


def main() -> None:
    """One past, one answer."""
    os.nice(10)
    sys.stdout.write(json.dumps(answer(sys.stdin.buffer.read())) + "\n")


if __name__ == "__main__":
    main()
