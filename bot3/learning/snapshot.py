"""Models as bytes and back.

Invariant: loading makes plain values and classes of River and of this room, and calls nothing else:
a snapshot cannot run code. It says in clear what it is of; another one is refused.
"""

from __future__ import annotations

import io
import json
import pickle
from functools import cache
from importlib.metadata import version
from typing import Any

from bot3.domain.errors import DataError

_MAGIC = b"bot3-model-4\n"
_PLAIN = {
    ("collections", "Counter"),
    ("collections", "OrderedDict"),
    ("collections", "deque"),
    ("collections", "defaultdict"),
    ("builtins", "float"),
    ("builtins", "int"),
    ("functools", "partial"),
    ("builtins", "frozenset"),
    ("builtins", "set"),
    ("numpy", "dtype"),
    ("numpy", "ndarray"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy._core.numeric", "_frombuffer"),
    ("random", "Random"),
}
# Of what can be loaded only classes can be called, so a partial is one of these with arguments.
_ROOMS = ("river.", "bot3.learning.", "bot3.market.drift")
_NORMALS = "river.proba.gaussian"


class _Pickler(pickle.Pickler):
    """Leaves out the dice of each normal in a tree's leaf: nobody samples from it, and their states
    were two thirds of a snapshot.
    """

    def reducer_override(self, obj: Any) -> Any:
        if type(obj).__module__ != _NORMALS:
            return NotImplemented
        made, of, state = obj.__reduce_ex__(5)[:3]
        return made, of, {**state, "_rng": None}


class _Unpickler(pickle.Unpickler):
    """Finds classes of the rooms it knows, and nothing that they import."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _PLAIN:
            return super().find_class(module, name)
        if module.startswith(_ROOMS) and "." not in name:
            found = super().find_class(module, name)
            if isinstance(found, type) and found.__module__.startswith(_ROOMS):
                return found
        raise DataError(f"a model snapshot asks for {module}.{name}: delete it and learn anew")


def dump(what: str, state: dict[str, Any], score: dict[str, Any]) -> bytes:
    """`state` of the model described by `what`, with its score and the library's version."""
    told = json.dumps(score, sort_keys=True).encode()
    payload = io.BytesIO()
    _Pickler(payload, protocol=5).dump(state)
    return b"\n".join((_MAGIC + _describe(what), told, payload.getvalue()))


def score_of(snapshot: bytes) -> dict[str, Any]:
    """What a snapshot says of its model's score, without loading it; empty where it is none."""
    parts = snapshot.split(b"\n", 3)
    try:
        score = json.loads(parts[2])
    except (IndexError, ValueError):
        return {}
    return score if isinstance(score, dict) else {}


def load(what: str, snapshot: bytes) -> dict[str, Any]:
    """The state that `dump` was given.

    Raises:
        DataError: not a snapshot of the model described by `what`, made by this library version.
    """
    magic = snapshot[: len(_MAGIC)]
    described, _, rest = snapshot[len(_MAGIC) :].partition(b"\n")
    _, _, payload = rest.partition(b"\n")
    if magic != _MAGIC or described != _describe(what):
        raise DataError(
            f"not a model snapshot of {what}: it says {described[:500]!r}; delete it and learn anew"
        )
    try:
        state = _Unpickler(io.BytesIO(payload)).load()
    except (pickle.UnpicklingError, EOFError, AttributeError, ImportError, IndexError) as error:
        raise DataError(f"a torn model snapshot ({error}): delete it and learn anew") from error
    if not isinstance(state, dict):
        raise DataError("a model snapshot without a state: delete it and learn anew")
    return state


def _describe(what: str) -> bytes:
    return f"river {_river()} {what}".encode().replace(b"\n", b" ")


@cache
def _river() -> str:
    """Its version, which is read from a file."""
    return version("river")
