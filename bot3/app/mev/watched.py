"""A chain beside trading: from `[mev]` to the two actors that watch it."""

from __future__ import annotations

from collections import defaultdict
from typing import final

from attrs import frozen

from adapters.ethereum.node import EthereumNode, NodeSettings
from adapters.net.network import Network
from bot3.actors.core import DecisionCore
from bot3.actors.mev import MevActor, MevMessage, MevSettings
from bot3.app.settings import Config
from bot3.domain.values import Symbol
from bot3.messages.market import BookLost, QuoteChanged
from bot3.messages.mev import DexTraded
from bot3.mev.dex import DexMarkets
from bot3.ports.chain import ChainPort
from bot3.services.chain import ChainActor
from supervisors.actor import Address
from supervisors.cell import DecisionCell
from supervisors.clock import Clock
from supervisors.entropy import Entropy
from supervisors.spec import ChildSpec, DecisionSpec, EdgeSpec


@final
@frozen
class ChainPlan:
    """Whose blocks are watched, and of which symbols pools are compared with venues."""

    port: ChainPort
    settings: MevSettings
    symbols: tuple[Symbol, ...]

    def specs(self, core: DecisionCore, cell: DecisionCell[MevMessage]) -> tuple[ChildSpec, ...]:
        """Whoever is told first, starts first."""
        board = core.outlets.board
        markets: defaultdict[Symbol, list[Address[QuoteChanged | BookLost | DexTraded]]] = (
            defaultdict(list)
        )
        for key, mind in core.minds.items():
            markets[key.symbol].append(mind.market)

        def build_mev() -> MevActor:
            return MevActor(self.settings, markets=markets, board=board)

        def build_chain() -> ChainActor:
            dex = DexMarkets(self.symbols)
            listeners = (cell, board)
            return ChainActor(self.port, dex, core.clock, listeners=listeners, board=board)

        return (DecisionSpec(cell, build_mev), EdgeSpec("chain", build_chain))


def chain_of(config: Config, network: Network, clock: Clock, entropy: Entropy) -> ChainPlan | None:
    """None where no node is configured."""
    given = config.mev
    if not given.rpc_url:
        return None
    node = EthereumNode(
        NodeSettings(given.rpc_url), network=network, clock=clock, dice=entropy.dice("chain")
    )
    settings = MevSettings(gap_alert_bps=given.gap_alert_bps, is_fed=given.feed_minds)
    return ChainPlan(node, settings, tuple(map(Symbol, config.exchanges.symbols)))
