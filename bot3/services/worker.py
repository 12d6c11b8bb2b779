"""A worker process beside trading: one question on standard input, one JSON object back.

Invariant: whatever becomes of it (it fails, hangs, says nonsense or `error`) the answer is None and
a warning, and nobody waits longer than the deadline.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import structlog
import trio

_log = structlog.get_logger("bot3")


async def ask(
    command: Sequence[str], body: bytes, deadline_s: float, nothing: str, **where: str
) -> dict[str, Any] | None:
    """What it told; `nothing` says in the log what there is none of, `where` for what."""
    with trio.move_on_after(deadline_s):
        try:
            done = await trio.run_process(command, stdin=body, capture_stdout=True, check=False)
            told = json.loads(done.stdout)
        except (OSError, ValueError) as error:
            _log.warning(nothing, error=str(error), **where)
            return None
        if not isinstance(told, dict) or "error" in told:
            _log.warning(nothing, error=told["error"] if isinstance(told, dict) else told, **where)
            return None
        return told
    _log.warning(nothing, error=f"the worker took more than {deadline_s:g} s", **where)
    return None
