"""What the user asks of any search of recorded data.

Invariant: it says everything about where the data, the workers and the books are.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from attrs import frozen


class DataOptions(Protocol):
    """Which bars."""

    @property
    def data(self) -> tuple[Path, ...]: ...

    @property
    def timerange(self) -> str | None: ...

    @property
    def is_repaired(self) -> bool: ...


@frozen(kw_only=True)
class SearchOptions:
    """`fee` of an order's worth; `directory` has the ledger and what goes on after a break."""

    data: tuple[Path, ...]
    fee: float
    timerange: str | None
    is_repaired: bool
    workers: int
    cluster: str | None
    directory: Path
    export: Path | None
    is_json: bool
