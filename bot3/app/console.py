"""How errors and logs reach whoever runs bot3.

Invariant: what is expected to go wrong (`Bot3Error`) is one clear line on stderr with its own exit
code; a traceback appears only where it was asked for.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Iterator
from contextlib import suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TextIO, final

import structlog
from structlog.typing import Processor

from bot3.domain.errors import Bot3Error, UnavailableError

EXIT_ERROR = 1
LOG_FILE_NAME = "bot3.log"
_LOG_BYTES_MAX = 10_000_000
_LOG_FILES_MAX = 5


def report_error(
    error: BaseException, *, is_verbose: bool = False, stream: TextIO | None = None
) -> int:
    """Writes `error: …` for each distinct cause and returns the exit code of the first.

    Of a group of exceptions, or a chain (`raise … from`), the `Bot3Error` inside is what is told;
    of others the type and message, with the hint to ask for the traceback by -v.
    """
    out = sys.stderr if stream is None else stream
    causes = [*_causes(error)]
    causes.sort(key=lambda cause: not isinstance(cause, Bot3Error))
    lines = [_line(cause) for cause in causes]
    for line in dict.fromkeys(lines):
        print(f"error: {line}", file=out)
    if is_verbose:
        print("".join(traceback.format_exception(error)), end="", file=out)
    elif any(not isinstance(cause, Bot3Error) for cause in causes):
        print("  (run again with -v for the traceback)", file=out)
    first = causes[0]
    return first.exit_code if isinstance(first, Bot3Error) else EXIT_ERROR


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The leaves: of a group its members', of a chain its deepest `Bot3Error`, else the error."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _causes(inner)
        return
    if not isinstance(error, Bot3Error) and error.__cause__ is not None:
        deeper = [*_causes(error.__cause__)]
        if any(isinstance(cause, Bot3Error) for cause in deeper):
            yield from deeper
            return
    yield error


def _line(error: BaseException) -> str:
    if isinstance(error, Bot3Error):
        return str(error)
    message = " ".join(str(error).split())
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def configure_logging(level: str, stream: TextIO | None, directory: Path | None) -> None:
    """Sends structlog's and the libraries' logs to a stream, for people, and to a JSON file.

    `stream` is None where a terminal view owns the screen, `directory` None for no file; the file
    `bot3.log` is rotated. May be called again; raises `UnavailableError` where it can't be written.
    """
    root = logging.getLogger()
    close_logging()
    logging.raiseExceptions = False  # a log that cannot be written must not cover what matters
    for handler in _handlers(stream, directory):
        root.addHandler(handler)
    root.setLevel(level.upper())
    for chatty in ("httpx", "httpcore", "hypercorn", "trio-websocket"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_COMMON,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def close_logging() -> None:
    """Flushes and closes what `configure_logging` opened."""
    root = logging.getLogger()
    for handler in [*root.handlers]:
        if isinstance(handler.formatter, structlog.stdlib.ProcessorFormatter):
            root.removeHandler(handler)
            handler.close()


_COMMON: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def _handlers(stream: TextIO | None, directory: Path | None) -> Iterator[logging.Handler]:
    if directory is not None:
        handler = _file_handler(directory)
        handler.setFormatter(
            _formatter(structlog.processors.format_exc_info, structlog.processors.JSONRenderer())
        )
        yield handler
    if stream is not None:
        people = logging.StreamHandler(stream)
        people.setFormatter(_formatter(structlog.dev.ConsoleRenderer(colors=stream.isatty())))
        yield people


@final
class _LogFile(RotatingFileHandler):
    """Closes on a full disk, too: what is still in its buffer is lost then, nothing else."""

    def close(self) -> None:
        with suppress(OSError):
            super().close()


def _file_handler(directory: Path) -> logging.Handler:
    try:
        directory.mkdir(parents=True, exist_ok=True)
        return _LogFile(
            directory / LOG_FILE_NAME,
            maxBytes=_LOG_BYTES_MAX,
            backupCount=_LOG_FILES_MAX,
            encoding="utf-8",
        )
    except OSError as error:
        raise UnavailableError(
            f"log: cannot write {directory / LOG_FILE_NAME} ({error.strerror}): "
            "set [journal] directory or BOT3__JOURNAL__DIRECTORY"
        ) from None


def _formatter(*processors: Processor) -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_COMMON,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *processors],
    )
