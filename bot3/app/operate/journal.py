"""What a journal on disk is asked and told while no process of its own runs."""

from __future__ import annotations

from pathlib import Path

import msgspec

from bot3.app.run import JOURNAL_NAME
from bot3.domain.errors import DataError
from bot3.messages.control import SessionStarted, TradingResumed
from bot3.portfolio.recovery import Recovery
from bot3.portfolio.report import ReportFold
from bot3.portfolio.report_rows import AccountReport
from bot3.services.kill_switch import KillSwitch
from bot3.services.lock import StateLock
from bot3.services.storage import JournalStore
from supervisors.clock import SystemClock

_encode = msgspec.json.Encoder(decimal_format="number").encode


def read_report(directory: Path) -> AccountReport:
    """Of the last session's account; the process may be running. Raises `DataError`."""
    path = directory / JOURNAL_NAME
    if not path.exists():
        raise DataError(f"journal {path}: there is none: trade first, or give --userdir")
    store = JournalStore(path, is_read_only=True)
    fold = ReportFold()
    try:
        fold.fold(stored.record for stored in store.read_all())
    finally:
        store.close()
    return fold.report()


def encode_report(report: AccountReport) -> str:
    """As JSON: field names of `AccountReport`, decimals as exact numbers."""
    return _encode(report).decode()


def resume_offline(directory: Path, reason: str) -> bool:
    """Takes the kill switch away and lets the next start trade; whether anything was halted.

    Raises `UnavailableError` where a process has started meanwhile.
    """
    with StateLock(directory):
        switch = KillSwitch(directory)
        was_halted = switch.reason() is not None
        path = directory / JOURNAL_NAME
        if path.exists():
            was_halted |= _resume_in_journal(path, reason)
        switch.clear()
    return was_halted


def _resume_in_journal(path: Path, reason: str) -> bool:
    """The record belongs to the last session's account, as every one behind it."""
    store = JournalStore(path)
    try:
        account = ""
        for stored in store.read_all():
            if isinstance(stored.record, SessionStarted):
                account = stored.record.account
        recovery = Recovery(account)
        recovery.fold(stored.record for stored in store.read_all())
        if recovery.halted_reason is None:
            return False
        store.append((TradingResumed(reason, SystemClock().now_ns()),), sync=True)
        return True
    finally:
        store.close()
