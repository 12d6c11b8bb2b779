"""Learners' snapshots on disk: whole, two generations; what is bad is passed over."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot3.actors.memory import Memory
from bot3.domain.errors import DataError
from bot3.domain.values import InstrumentId, Symbol, VenueName
from bot3.learning.labels import LabelSettings
from bot3.learning.online import LearnerSettings, OnlineLearner
from bot3.portfolio.recovery import Recovery
from bot3.services.model_files import (
    ModelFiles,
    ModelKeeperActor,
    resume_models,
)

BTC = InstrumentId(VenueName("binance"), Symbol("BTC/USDT"))
ETH = InstrumentId(VenueName("okx"), Symbol("ETH/USDT"))
NAMES = ("a", "b")


def _check(snapshot: bytes) -> None:
    OnlineLearner(NAMES).restore(snapshot)


def _memory() -> Memory:
    return Memory(Recovery("account"), bars_kept=1)


def test_two_generations_are_kept_each_instrument_s_own(tmp_path: Path) -> None:
    files = ModelFiles(tmp_path / "models")
    assert files.load(BTC) == []
    for body in (b"1", b"2", b"3"):
        files.save(BTC, body)
    files.save(ETH, b"x")
    assert files.load(BTC) == [b"2", b"3"]
    assert files.load(ETH) == [b"x"]
    assert {path.suffix for path in (tmp_path / "models").iterdir()} == {".model"}


def test_a_bad_newest_is_passed_over_for_the_one_before(tmp_path: Path) -> None:
    files, good = ModelFiles(tmp_path), OnlineLearner(NAMES).snapshot()
    other = OnlineLearner(NAMES, LearnerSettings(labels=LabelSettings(horizon_bars=9))).snapshot()
    for bad in (good[:-9], b"", other):
        files.save(BTC, good)
        files.save(BTC, bad)
        memory = _memory()
        assert resume_models(files, memory, (BTC, ETH), _check) == 1
        assert memory.models(BTC).newest[1] == good
        assert memory.models(ETH).newest[1] is None


async def test_what_learners_leave_in_memory_is_written_once(tmp_path: Path) -> None:
    files, memory = ModelFiles(tmp_path), _memory()
    before = OnlineLearner(NAMES).snapshot()
    files.save(BTC, before)
    resume_models(files, memory, (BTC, ETH), _check)
    await ModelKeeperActor(files, memory, (BTC, ETH)).save_new()
    assert files.load(BTC) == [before]
    memory.models(BTC).keep(b"new")
    for _ in range(3):  # also by one that was restarted
        await ModelKeeperActor(files, memory, (BTC, ETH)).save_new()
    assert files.load(BTC) == [before, b"new"]


async def test_a_disk_that_fails_costs_the_snapshot_alone(tmp_path: Path) -> None:
    blocked = tmp_path / "models"
    blocked.write_text("a file where the folder should be")
    memory = _memory()
    keeper = ModelKeeperActor(ModelFiles(blocked), memory, (BTC,))
    memory.models(BTC).keep(b"new")
    await keeper.save_new()
    blocked.unlink()
    await keeper.save_new()
    assert ModelFiles(blocked).load(BTC) == [b"new"]


def test_a_snapshot_of_other_features_is_refused() -> None:
    with pytest.raises(DataError):
        _check(OnlineLearner(("a",)).snapshot())
