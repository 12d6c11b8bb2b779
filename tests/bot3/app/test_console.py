"""What whoever runs bot3 sees of errors and logs."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from bot3.app.console import close_logging, configure_logging, report_error
from bot3.domain.errors import ConfigError, UnavailableError


def _told(error: BaseException, *, is_verbose: bool = False) -> tuple[int, str]:
    stream = io.StringIO()
    code = report_error(error, is_verbose=is_verbose, stream=stream)
    return code, stream.getvalue()


def test_our_errors_are_one_line_and_their_code() -> None:
    assert _told(ConfigError("risk.max_drawdown = 2")) == (4, "error: risk.max_drawdown = 2\n")
    assert _told(UnavailableError("port 1 is in use")) == (1, "error: port 1 is in use\n")


def test_an_error_inside_groups_and_chains_is_found() -> None:
    inner = UnavailableError("port 1 is in use")
    limit = RuntimeError("restart limit reached")
    limit.__cause__ = ExceptionGroup("children", [inner])
    group = BaseExceptionGroup("nursery", [ExceptionGroup("a", [limit]), inner])
    assert _told(group) == (1, "error: port 1 is in use\n")


def test_the_first_of_ours_gives_the_code_and_the_others_are_told_too() -> None:
    code, told = _told(ExceptionGroup("both", [ValueError("odd\nwords"), ConfigError("bad")]))
    assert code == 4
    assert told.splitlines()[:2] == ["error: bad", "error: ValueError: odd words"]
    assert "-v" in told


def test_unknown_errors_are_one_line_and_a_hint() -> None:
    code, told = _told(ZeroDivisionError("by zero"))
    assert code == 1
    assert told == ("error: ZeroDivisionError: by zero\n  (run again with -v for the traceback)\n")
    assert _told(TimeoutError())[1].startswith("error: TimeoutError\n")


def test_verbose_shows_where() -> None:
    def fail() -> None:
        raise ConfigError("bad")

    with pytest.raises(ConfigError) as caught:
        fail()
    code, told = _told(caught.value, is_verbose=True)
    assert code == 4
    assert told.startswith("error: bad\nTraceback")
    assert "in fail" in told


@pytest.fixture
def _closed() -> Iterator[None]:
    level = logging.getLogger().level
    yield
    close_logging()
    structlog.reset_defaults()
    logging.getLogger().setLevel(level)


@pytest.mark.usefixtures("_closed")
def test_logs_go_to_people_and_as_json_to_the_file(tmp_path: Path) -> None:
    stream = io.StringIO()
    configure_logging("debug", io.StringIO(), tmp_path / "old")
    configure_logging("info", stream, tmp_path / "user_data")
    structlog.get_logger("bot3.test").warning("feed_lost", venue="binance")
    structlog.get_logger("bot3.test").debug("too quiet")
    logging.getLogger("library").error("foreign %s", "words")
    logging.getLogger("httpx").info("every request")
    try:
        int("inner")
    except ValueError:
        structlog.get_logger("bot3.test").exception("crashed")
    close_logging()
    lines = (tmp_path / "user_data" / "bot3.log").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    assert [record["event"] for record in records] == ["feed_lost", "foreign words", "crashed"]
    assert (records[0]["venue"], records[0]["level"]) == ("binance", "warning")
    assert records[0]["timestamp"].endswith("Z")
    assert "ValueError: invalid literal" in records[2]["exception"]
    assert "feed_lost" in stream.getvalue()
    assert "foreign words" in stream.getvalue()
    assert "too quiet" not in stream.getvalue()
    assert (tmp_path / "old" / "bot3.log").read_text() == ""


@pytest.mark.usefixtures("_closed")
def test_a_log_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UnavailableError, match=r"log: cannot write .*set \[journal\] directory"):
        configure_logging("info", None, tmp_path / "file")
