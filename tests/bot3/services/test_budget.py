"""The rate budget: read in a beat, shed and resumed on command."""

from __future__ import annotations

from collections.abc import Mapping

import trio

from bot3.messages.healing import BudgetRead, ResumeData, ShedData
from bot3.services.budget import BudgetActor
from supervisors.mailbox import Mailbox, Overflow
from supervisors.testing import TrioClock
from tests.bot3.making import SECOND_NS, START_NS, VENUE
from tests.bot3.services.fake_ports import Inbox, living, settle


class FakeBudget:
    """A `BudgetPort`: a tenth more is used each second."""

    def __init__(self) -> None:
        self.told: list[bool] = []

    def used_share(self, now_ns: int) -> float:
        return (now_ns - START_NS) / SECOND_NS / 10

    def shed_data(self, *, is_shed: bool) -> None:
        self.told.append(is_shed)

    def counts(self) -> Mapping[str, int]:
        return {}


async def test_it_reads_each_second_and_obeys(autojump_clock: trio.testing.MockClock) -> None:
    port, readings = FakeBudget(), Inbox[BudgetRead]()
    commands: Mailbox[ShedData | ResumeData] = Mailbox(
        "budget", capacity=1, policy=Overflow.CONFLATE, key=lambda command: command.venue
    )
    actor = BudgetActor(VENUE, port, commands, readings, TrioClock(START_NS))
    async with living(actor) as stage:
        await trio.sleep(2.5)
        assert readings.heard == [BudgetRead(VENUE, 0.1), BudgetRead(VENUE, 0.2)]
        assert stage.progresses == 2
        commands.send(ShedData(VENUE))
        await settle()
        commands.send(ResumeData(VENUE))
        await settle()
        assert port.told == [True, False]
        commands.send(ShedData(VENUE))
        commands.send(ResumeData(VENUE))  # only the last word counts
        await settle()
        assert port.told == [True, False, False]
