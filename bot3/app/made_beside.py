"""What works beside trading, as the configuration wants it."""

from __future__ import annotations

from pathlib import Path

from bot3.actors.memory import Memory
from bot3.app.alerts.told import alerts_of
from bot3.app.beside import Beside, discovery_dice
from bot3.app.mev.watched import chain_of
from bot3.app.risk_wiring import estimation_of, instruments_of
from bot3.app.settings import Config
from bot3.app.venues import Surroundings
from bot3.app.wiring import evolution_of, snapshot_check
from bot3.services.model_files import FOLDER, ModelFiles, resume_models
from bot3.services.sleeve_file import SleeveFile


def beside_of(directory: Path, config: Config, memory: Memory, around: Surroundings) -> Beside:
    """What the configuration wants to have beside trading."""
    entropy = around.entropy
    return Beside(
        resumed_models(directory, config, memory),
        discovery_dice(config, entropy),
        estimation_of(config, entropy, SleeveFile(directory)),
        evolution_of(config, entropy),
        chain_of(config, around.network, around.clock, entropy),
        alerts_of(config, around.network, entropy),
    )


def resumed_models(directory: Path, config: Config, memory: Memory) -> ModelFiles:
    """Where learners' snapshots are; what can be resumed from is in memory."""
    models = ModelFiles(directory / FOLDER)
    resume_models(models, memory, instruments_of(config), snapshot_check(config))
    return models
