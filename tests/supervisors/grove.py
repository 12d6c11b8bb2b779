"""Random trees of both kinds of actors, as data that Hypothesis draws and as specs that run."""

from __future__ import annotations

from collections import Counter
from typing import Any

import trio
from attrs import define, field, frozen
from hypothesis import strategies as st

from supervisors.actor import DecisionActor, EdgeActor, EdgeContext
from supervisors.backoff import Backoff
from supervisors.cell import DecisionCell
from supervisors.dispatch import RunQueue
from supervisors.errors import IgnoreStartError, OverflowedError
from supervisors.mailbox import Mailbox, Overflow
from supervisors.restart import AutoShutdown, Intensity, Restart, Strategy
from supervisors.spec import ChildSpec, DecisionSpec, EdgeSpec, SupervisorSpec

EVER_S = 10.0**9  # a window that nothing leaves: restarts are bounded for a whole incarnation
END = "end"
Message = int | BaseException | str


@frozen
class Leaf:
    """An actor to be: `acts` are for its later starts, the first and the last ones are good."""

    is_edge: bool
    restart: Restart
    backoff: Backoff | None
    acts: tuple[str, ...]
    is_significant: bool
    tries: int
    policy: Overflow
    slow_stop_s: float
    drain_deadline_s: float | None


@frozen
class Branch:
    """A supervisor to be."""

    strategy: Strategy
    restarts: int
    restart: Restart
    backoff: Backoff | None
    auto_shutdown: AutoShutdown
    is_significant: bool
    starts_together: bool
    children: tuple[Any, ...]


BACKOFFS = st.sampled_from([None, Backoff(initial_s=1, max_s=4), Backoff(initial_s=3, max_s=3)])
LEAVES = st.builds(
    Leaf,
    st.booleans(),
    st.sampled_from(Restart),
    BACKOFFS,
    st.lists(st.sampled_from(["stay", "fail", "late", "ignore"]), max_size=3).map(tuple),
    st.booleans(),
    st.integers(1, 3),
    st.sampled_from(Overflow),
    st.sampled_from([0, 0, 1]),
    st.sampled_from([None, None, 2]),
)


def branches(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Branch]:
    return st.builds(
        Branch,
        st.sampled_from(Strategy),
        st.sampled_from([0, 1, 2, 4, 8]),
        st.sampled_from(Restart),
        BACKOFFS,
        st.sampled_from(AutoShutdown),
        st.booleans(),
        st.booleans(),
        st.lists(children, min_size=1, max_size=3).map(tuple),
    )


TREES = branches(LEAVES | branches(LEAVES | branches(LEAVES)))


class EdgeLife(EdgeActor):
    """Takes half a second a number, raises the errors it is sent, returns at `END`."""

    def __init__(
        self,
        act: str,
        mailbox: Mailbox[Message],
        slow_stop_s: float,
        raised: list[BaseException],
    ) -> None:
        self.act, self.mailbox, self.slow_stop_s, self.raised = act, mailbox, slow_stop_s, raised

    async def run(self, context: EdgeContext) -> None:
        await refuse(self.act)
        try:
            context.ready()
            while (message := await self.mailbox.receive()) != END:
                await trio.sleep(0.5)
                if isinstance(message, BaseException):
                    self.raised.append(message)
                    raise message
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep(self.slow_stop_s)


class DecisionLife(DecisionActor[Message]):
    """Raises the errors it is sent."""

    def __init__(self, act: str) -> None:
        if act == "ignore":
            raise IgnoreStartError(act)
        if act in {"fail", "late"}:
            raise OSError(act)

    def handle(self, message: Message) -> None:
        if isinstance(message, Exception):
            raise message


async def refuse(act: str) -> None:
    if act == "fail":
        raise OSError(act)
    if act == "ignore":
        raise IgnoreStartError(act)
    if act == "late":
        await trio.sleep_forever()


@define
class Grove:
    """Grows specs; keeps every queue it gave to one, and what it sent."""

    runs: RunQueue
    queues: dict[str, DecisionCell[Message] | Mailbox[Message]] = field(factory=dict)
    sent: Counter[str] = field(factory=Counter)
    births: Counter[str] = field(factory=Counter)
    raised: list[BaseException] = field(factory=list)
    temporary: set[str] = field(factory=set)
    count: int = 0

    def plant(self, branch: Branch, *, name: str = "root") -> SupervisorSpec:
        """The supervisor and all below."""
        self._note(name, branch.restart)
        children = tuple(
            self.plant(child, name=self._name("s"))
            if isinstance(child, Branch)
            else self.sprout(child)
            for child in branch.children
        )
        auto = branch.auto_shutdown
        if any(child.significant for child in children) and auto is AutoShutdown.NEVER:
            auto = AutoShutdown.ALL
        return SupervisorSpec(
            name,
            branch.strategy,
            Intensity(branch.restarts, EVER_S),
            children,
            auto_shutdown=auto,
            restart=branch.restart,
            backoff=branch.backoff,
            significant=branch.is_significant and branch.restart is not Restart.PERMANENT,
            starts_together=branch.starts_together and branch.strategy is Strategy.ONE_FOR_ONE,
        )

    def sprout(self, leaf: Leaf) -> ChildSpec:
        """One actor, with a queue of its own."""
        options: dict[str, Any] = {
            "restart": leaf.restart,
            "backoff": leaf.backoff,
            "significant": leaf.is_significant and leaf.restart is not Restart.PERMANENT,
            "start_deadline_s": 2.0,
        }
        if not leaf.is_edge:
            cell: DecisionCell[Message] = DecisionCell(
                self._name("d"), self.runs, waiting_capacity=4, tries=leaf.tries
            )
            self.queues[cell.name] = cell
            self._note(cell.name, leaf.restart)
            return DecisionSpec(cell, lambda: DecisionLife(self._act(cell.name, leaf)), **options)
        name = self._name("e")
        self._note(name, leaf.restart)
        mailbox = self.queues[name] = self._mailbox(name, leaf)
        return EdgeSpec(
            name,
            lambda: EdgeLife(self._act(name, leaf), mailbox, leaf.slow_stop_s, self.raised),
            mailbox,
            drain_deadline_s=leaf.drain_deadline_s,
            **options,
        )

    def send(self, name: str, message: Message) -> bool:
        """Whether it was accepted; counts it."""
        try:
            self.queues[name].send(message)
        except OverflowedError:
            return False
        self.sent[name] += 1
        return True

    def _mailbox(self, name: str, leaf: Leaf) -> Mailbox[Message]:
        promises = leaf.policy in {Overflow.BLOCK, Overflow.REJECT}
        return Mailbox(
            name,
            capacity=3,
            policy=leaf.policy,
            key=str if leaf.policy is Overflow.CONFLATE else None,
            tries=leaf.tries if promises else 1,
        )

    def _act(self, name: str, leaf: Leaf) -> str:
        self.births[name] += 1
        number = self.births[name] - 2
        return leaf.acts[number] if 0 <= number < len(leaf.acts) else "stay"

    def _note(self, name: str, restart: Restart) -> None:
        if restart is Restart.TEMPORARY and name != "root":
            self.temporary.add(name)

    def _name(self, kind: str) -> str:
        self.count += 1
        return f"{kind}{self.count}"
