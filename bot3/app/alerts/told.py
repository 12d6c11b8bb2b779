"""An operator beside trading: from `[alerts]` to the two actors that tell.

Invariant: without a URL there is no such actor, and nothing listens.
"""

from __future__ import annotations

from typing import final

from attrs import field, frozen

from adapters.net.network import Network
from bot3.app.settings import Config
from bot3.messages.alerts import Alert, AlertFailed, AlertSent
from bot3.ports.alerts import AlertPort
from bot3.services.alerts import AlertActor
from bot3.telemetry.alert_actor import AlertWatchActor
from bot3.telemetry.alerts import AlertNews, Alerts
from supervisors.actor import Address
from supervisors.cell import DecisionCell
from supervisors.entropy import Dice, Entropy
from supervisors.mailbox import Mailbox, Overflow
from supervisors.spec import ChildSpec, DecisionSpec, EdgeSpec

WAITING_CAPACITY = 100
LIVENESS_S = 30.0  # a try takes 5 s at most, the pause before it less


def _waiting() -> Mailbox[Alert]:
    return Mailbox("alerts", capacity=WAITING_CAPACITY, policy=Overflow.DROP_OLDEST)


@final
@frozen
class AlertPlan:
    """By which way an operator is told, and how soon of the same again."""

    port: AlertPort
    repeat_after_s: float
    dice: Dice
    waiting: Mailbox[Alert] = field(factory=_waiting, init=False)

    def specs(
        self, watch: DecisionCell[AlertNews], board: Address[AlertSent | AlertFailed]
    ) -> tuple[ChildSpec, ...]:
        """Who decides what is told, and who tells it."""

        def build_watch() -> AlertWatchActor:
            return AlertWatchActor(Alerts(self.repeat_after_s), self.waiting)

        def build() -> AlertActor:
            return AlertActor(self.waiting, self.port, self.dice, board)

        return (
            EdgeSpec("alerts", build, self.waiting, liveness_s=LIVENESS_S),
            DecisionSpec(watch, build_watch),
        )


def alerts_of(config: Config, network: Network, entropy: Entropy) -> AlertPlan | None:
    """None where no webhook is configured."""
    given = config.alerts
    if not given.webhook_url:
        return None
    from adapters.alerts.webhook import Webhook  # and httpx: a start without alerts has none

    modes = dict.fromkeys(getattr(config.venues, name).mode for name in config.exchanges.active)
    webhook = Webhook(given.webhook_url, mode=", ".join(modes), network=network)
    return AlertPlan(webhook, given.repeat_after_s, entropy.dice("alerts"))
