"""`[alerts]`: who is told when something happens that an operator would want to know."""

from __future__ import annotations

from typing import Annotated

from attrs import field, frozen

from bot3.app.rules import Number, Url


@frozen
class AlertsSection:
    """`[alerts]`. Whoever knows the URL may post there: it is a secret."""

    webhook_url: Annotated[str, Url(("http", "https"), is_query_allowed=True)] = field(repr=False)
    repeat_after_s: Annotated[float, Number(0, 604_800)]
