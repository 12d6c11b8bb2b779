"""Atomic arbitrages: swaps of one transaction that lead a token back to who gave it.

Invariant: a swap is of one arbitrage at most; a route follows the tokens, hand to hand and amount
to amount. Loops that go round only in the wrong order of time are none, where there is another.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from typing import Final

from bot3.domain.chain import Swap

# What of an amount may be lost on the way from one pool to the next, as fees of transfers.
LOST_MAX: Final = 0.01

Route = tuple[Swap, ...]


def arbitrages_of(swaps: Iterable[Swap]) -> list[Route]:
    """Closed routes, shortest first from each start, in order of transactions."""
    rows: defaultdict[tuple[int, str], list[Swap]] = defaultdict(list)
    for swap in swaps:
        rows[swap.position, swap.transaction].append(swap)
    return [route for key in sorted(rows) for route in _of_transaction(rows[key])]


def _of_transaction(swaps: Sequence[Swap]) -> list[Route]:
    if len(swaps) < 2:
        return []
    swaps = sorted(swaps, key=lambda swap: swap.path)
    pools = {swap.pool for swap in swaps}
    used: set[int] = set()
    routes: list[Route] = []
    for index, start in enumerate(swaps):
        if index in used or start.sender in pools:
            continue
        ends = {at for at, end in enumerate(swaps) if at not in used and _is_closed(start, end)}
        route = _shortest(swaps, index, ends) if ends else None
        if route is not None:
            used.update(route)
            routes.append(tuple(swaps[at] for at in route))
    if len(routes) == 1:
        return routes
    return [route for route in routes if route[0].path < route[-1].path]


def _is_closed(start: Swap, end: Swap) -> bool:
    return (
        start.token_in == end.token_out and start.pool != end.pool and start.sender == end.recipient
    )


def _shortest(swaps: Sequence[Swap], start: int, ends: set[int]) -> list[int] | None:
    """Breadth first: the fewest swaps from `start` to one of `ends`."""
    came_from = {start: start}
    waiting = deque([start])
    while waiting:
        at = waiting.popleft()
        onward = [each for each in range(len(swaps)) if each not in came_from]
        onward = [each for each in onward if _follows(swaps[at], swaps[each])]
        for each in sorted(onward, key=lambda each: each not in ends):
            came_from[each] = at
            if each in ends:
                return _path(came_from, each)
            waiting.append(each)
    return None


def _path(came_from: dict[int, int], at: int) -> list[int]:
    path = [at]
    while came_from[at] != at:
        at = came_from[at]
        path.append(at)
    return path[::-1]


def _follows(first: Swap, then: Swap) -> bool:
    """Whether what `first` paid out is what `then` took in, directly or by its receiver's hand."""
    is_handed = first.pool == then.sender or first.recipient in {then.pool, then.sender}
    return (
        is_handed
        and first.token_out == then.token_in
        and _is_near(first.amount_out, then.amount_in)
    )


def _is_near(one: int, other: int) -> bool:
    return 2 * abs(one - other) < LOST_MAX * (one + other)
