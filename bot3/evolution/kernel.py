"""Whole populations over shared columns, compiled. Imported where a search runs, never live.

Bars go through in chunks that stay in the nearest cache: each step of a program is one loop over a
chunk that the compiler turns into vector instructions; then one pass holds, counts and sums.

Invariant: growth and entries are those of `BacktestingEngine` with the same targets; a test says
so.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bot3.backtest.bars import Floats, Ints
from bot3.backtest.kernels import compiled
from bot3.evolution.genome import DEPTH_MAX, Programs

Bytes = NDArray[np.uint8]
CHUNK: Final = 2048
PROBES: Final = 256

# What a row of the result has, of one genome in one fold. Growth and drawdown are of log equity;
# `TIMED` is the sum of (held - usual) * return - costs, what the timing earned beside holding the
# usual share all along, and `TIMED_SQUARES` that of its squares.
GROWTH, DRAWDOWN, ENTRIES, HELD, TIMED, TIMED_SQUARES, BARS = range(7)
COLUMNS: Final = 7
_BELOW, _ABOVE, _AND, _OR = 0, 1, 2, 3


@compiled
def _condition(
    columns: Any, program: Any, first: int, last: int, begin: int, size: int, stack: Bytes
) -> None:
    """Truth of one condition for `size` bars from `begin`, left in `stack[0]`."""
    ops, features, thresholds = program
    top = 0
    for step in range(first, last):
        op = ops[step]
        if op <= _ABOVE:
            # Slices: an index that may be negative would keep the loops from being vectorized.
            column = columns[features[step], begin : begin + size]
            threshold, out = thresholds[step], stack[top, :size]
            if op == _BELOW:
                for at in range(size):
                    out[at] = column[at] < threshold
            else:
                for at in range(size):
                    out[at] = column[at] > threshold
            top += 1
        elif op == _AND:
            top -= 1
            one, other = stack[top - 1, :size], stack[top, :size]
            for at in range(size):
                one[at] &= other[at]
        elif op == _OR:
            top -= 1
            one, other = stack[top - 1, :size], stack[top, :size]
            for at in range(size):
                one[at] |= other[at]
        else:
            one = stack[top - 1, :size]
            for at in range(size):
                one[at] ^= 1


@compiled
def _timing(
    row: Floats,
    costs: tuple[float, float],
    held: tuple[float, float, float, float, float],
    market: tuple[float, float],
) -> None:
    """Sums of (held - usual) * return - costs, and of its square, from those of the parts: `held`
    has the returns while it was in, their squares, those of bars of entry and of exit, and that of
    the last bar where it was in to the end and pays for leaving.
    """
    cost_in, cost_out = costs
    earned, squares, at_entries, at_exits, at_last = held
    moved, moved_squares = market
    usual, entries = row[HELD] / max(row[BARS], 1), row[ENTRIES]
    row[TIMED] = earned - usual * moved - entries * (cost_in + cost_out)
    row[TIMED_SQUARES] = (
        squares * (1.0 - 2.0 * usual)
        + usual * usual * moved_squares
        - 2.0 * (cost_in * (1.0 - usual) * at_entries - cost_out * usual * at_exits)
        - 2.0 * cost_out * (1.0 - usual) * at_last
        + entries * (cost_in * cost_in + cost_out * cost_out)
    )


@compiled
def _fold(
    columns: Any,
    sums: Any,
    program: Any,
    steps: tuple[int, int, int],
    span: tuple[int, int],
    costs: tuple[float, float],
    enter: Bytes,
    stay: Bytes,
    row: Floats,
    probes: Bytes,
) -> None:
    """One genome from `span[0]` to before `span[1]`, flat before and after.

    `sums`: of returns and of their squares before each bar; a held run is a difference of them.
    """
    start, middle, stop = steps
    (begin, end), (cost_in, cost_out) = span, costs
    total, total_squares = sums
    stride = max((end - begin) // max(len(probes), 1), 1)
    entered, entries, bars = -1, 0, 0
    # Log equity, where it is none of a held run's, and what a run adds to `total` to be it.
    worth = offset = peak = fallen = earned = squares = at_entries = at_exits = at_last = 0.0
    for chunk in range(begin, end, CHUNK):
        size = min(CHUNK, end - chunk)
        _condition(columns, program, start, middle, chunk, size, enter)
        _condition(columns, program, middle, stop, chunk, size, stay)
        for at in range(size):
            stay[0, at] = enter[0, at] | (stay[0, at] ^ 1)
        at = 0
        while at < size:
            if entered < 0:
                while at < size and enter[0, at] == 0:
                    at += 1
                if at < size:
                    entered = chunk + at
                    entries += 1
                    at_entries += total[entered + 1] - total[entered]
                    offset = worth - cost_in - total[entered]
                    fallen = max(fallen, peak - (worth - cost_in))
            else:
                while at < size and stay[0, at] == 1:
                    value = offset + total[chunk + at + 1]
                    peak = max(peak, value)
                    fallen = max(fallen, peak - value)
                    at += 1
                if at < size:
                    left = chunk + at
                    worth = offset + total[left] - cost_out
                    fallen = max(fallen, peak - worth)
                    earned += total[left] - total[entered]
                    squares += total_squares[left] - total_squares[entered]
                    at_exits += total[left + 1] - total[left]
                    bars += left - entered
                    _mark(probes, entered - begin, left - begin, stride)
                    entered = -1
    if entered >= 0:
        at_last = total[end] - total[end - 1]
        worth = offset + total[end] - cost_out
        fallen = max(fallen, peak - worth)
        earned += total[end] - total[entered]
        squares += total_squares[end] - total_squares[entered]
        bars += end - entered
        _mark(probes, entered - begin, end - begin, stride)
    row[GROWTH], row[DRAWDOWN], row[ENTRIES] = worth, fallen, entries
    row[HELD], row[BARS] = bars, end - begin
    moved, moved_squares = total[end] - total[begin], total_squares[end] - total_squares[begin]
    _timing(row, costs, (earned, squares, at_entries, at_exits, at_last), (moved, moved_squares))


@compiled
def _mark(probes: Bytes, first: int, last: int, stride: int) -> None:
    """It held from bar `first` of the fold to before `last`."""
    at = (first + stride - 1) // stride
    while at < len(probes) and at * stride < last:
        probes[at] = 1
        at += 1


@compiled
def _evaluate(
    columns: Any,
    sums: Any,
    program: Any,
    starts: Ints,
    middles: Ints,
    spans: Ints,
    costs: tuple[float, float],
    out: Floats,
    probes: Bytes,
) -> None:
    enter = np.zeros((DEPTH_MAX, CHUNK), dtype=np.uint8)
    stay = np.zeros((DEPTH_MAX, CHUNK), dtype=np.uint8)
    folds = len(spans)
    for genome in range(len(middles)):
        steps = (starts[genome], middles[genome], starts[genome + 1])
        for fold in range(folds):
            span = (spans[fold, 0], spans[fold, 1])
            first, last = PROBES * fold // folds, PROBES * (fold + 1) // folds
            row, seen = out[genome, fold], probes[genome, first:last]
            _fold(columns, sums, program, steps, span, costs, enter, stay, row, seen)


def evaluate(
    columns: NDArray[np.float32],
    returns: Floats,
    programs: Programs,
    folds: list[tuple[int, int]],
    fee: float,
) -> tuple[Floats, Bytes]:
    """Rows by `GROWTH` to `BARS`, shape (genomes, folds, 7), and where each was at some bars.

    `columns`: shape (features, bars); `returns`: log return of a bar's decision, from the open
    after it to the next.
    """
    out = np.zeros((len(programs), len(folds), COLUMNS))
    probes = np.zeros((len(programs), PROBES), dtype=np.uint8)
    spans = np.array(folds, dtype=np.int64).reshape(-1, 2)
    program = (programs.ops, programs.features, programs.thresholds)
    sums = (_sums(returns), _sums(returns * returns))
    _evaluate(
        columns, sums, program, programs.starts, programs.middles, spans, costs_of(fee), out, probes
    )
    return out, probes


def _sums(values: Floats) -> Floats:
    return np.concatenate(([0.0], np.cumsum(values)))


def costs_of(fee: float) -> tuple[float, float]:
    """What entering and leaving take from log equity."""
    return float(np.log1p(fee)), float(-np.log1p(-fee))
