"""Actors and supervision on Trio. Knows nothing about trading.

Decision actors are synchronous and share one run queue; edge actors are tasks with mailboxes; a
tree of supervisors starts both in order, restarts what fails and stops in reverse order::

    class Doubler(DecisionActor[int]):
        def __init__(self, printer: Mailbox[int]) -> None:
            self.printer = printer

        def handle(self, message: int) -> None:
            self.printer.send(2 * message)

    class Printer(EdgeActor):
        async def run(self, context: EdgeContext) -> None:
            context.ready()
            while True:
                print(await mailbox.receive())

    runs = RunQueue(SystemClock())
    cell: DecisionCell[int] = DecisionCell("doubler", runs)
    mailbox: Mailbox[int] = Mailbox("printer", capacity=100, policy=Overflow.DROP_OLDEST)
    edge = EdgeSpec("printer", Printer, mailbox)
    root = SupervisorSpec("root", children=(edge, DecisionSpec(cell, lambda: Doubler(mailbox))))

    async def main() -> None:
        async with running_tree(root, runs) as tree:
            cell.send(21)
            cell.send(None)  # kills the doubler: a dead letter, a restart, and on it goes
            cell.send(4)
            await trio.sleep(1)
            print(tree.observer.restarts_by_actor())
"""
