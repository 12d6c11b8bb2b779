"""What bot3 asks of a venue's rate budget, which all requests from one address share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class BudgetPort(Protocol):
    """Keeps account of one venue's rate limit."""

    def used_share(self, now_ns: int) -> float:
        """Of this moment: 0 nothing, 1 all of it, or the venue has shut us out for a while."""
        ...

    def shed_data(self, *, is_shed: bool) -> None:
        """Whether data requests are turned away at once; orders, cancels and queries go on."""
        ...

    def counts(self) -> Mapping[str, int]:
        """Figures for the operator, by name, since the budget was made."""
        ...
