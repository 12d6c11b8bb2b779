"""The board's place in the tree."""

from __future__ import annotations

from typing import final

from bot3.telemetry.board import Board, BoardMessage
from supervisors.actor import DecisionActor


@final
class BoardActor(DecisionActor[BoardMessage]):
    """Shell of a `Board`."""

    def __init__(self, board: Board) -> None:
        self._board = board

    def handle(self, message: BoardMessage) -> None:
        self._board.take(message)
