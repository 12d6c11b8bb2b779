"""What the HTML pages share: their style, and tables.

Invariant: every cell is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

STYLE: Final = """
body{font:14px/1.45 system-ui,sans-serif;margin:2em auto;max-width:1000px;color:#1c2733}
h1{font-size:1.4em}h2{font-size:1.1em;margin:1.6em 0 .4em}
table{border-collapse:collapse}td,th{padding:.15em .9em .15em 0;text-align:right}
td:first-child,th:first-child{text-align:left}th{font-weight:600;border-bottom:1px solid #ccd5de}
svg{width:100%;height:auto;background:#f6f8fa;border-radius:6px}.columns{display:flex;gap:3em;flex-wrap:wrap}
.note{color:#8a5a00}.up{fill:#12805c}.down{fill:#c23b3b}
"""


def table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """With a heading."""
    cells = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<div><h2>{escape(title)}</h2><table><tr>{cells}</tr>{body}</table></div>"
