"""A chain beside trading: from `[mev]` to who watches it, and who is told."""

from __future__ import annotations

from typing import final

from attrs import frozen

from adapters.net.network import Network
from bot3.actors.core import DecisionCore
from bot3.actors.mev import MevSettings
from bot3.app.settings import Config
from bot3.domain.values import Symbol
from bot3.mev.dex import DexMarkets
from bot3.ports.chain import ChainPort
from bot3.services.chain import ChainActor
from supervisors.clock import Clock
from supervisors.entropy import Entropy
from supervisors.spec import ChildSpec, EdgeSpec


@final
@frozen
class ChainPlan:
    """Whose blocks are watched, and for which symbols; `settings` are the core's mev actor's."""

    port: ChainPort
    settings: MevSettings
    symbols: tuple[Symbol, ...]

    def spec(self, core: DecisionCore) -> ChildSpec:
        """Who watches, and tells the core's mev actor and the board."""
        board = core.outlets.board

        def build() -> ChainActor:
            dex = DexMarkets(self.symbols)
            listeners = (core.mev, board)
            return ChainActor(self.port, dex, core.clock, listeners=listeners, board=board)

        return EdgeSpec("chain", build)


def chain_of(config: Config, network: Network, clock: Clock, entropy: Entropy) -> ChainPlan | None:
    """None where no node is configured."""
    given = config.mev
    if not given.rpc_url:
        return None
    from adapters.ethereum.node import EthereumNode, NodeSettings  # half a second

    node = EthereumNode(
        NodeSettings(given.rpc_url), network=network, clock=clock, dice=entropy.dice("chain")
    )
    settings = MevSettings(gap_alert_bps=given.gap_alert_bps, is_fed=given.feed_minds)
    return ChainPlan(node, settings, tuple(map(Symbol, config.exchanges.symbols)))
