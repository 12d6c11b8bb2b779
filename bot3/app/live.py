"""Real money: what must be said and seen before it is traded with.

Invariant: no live venue is built unless `--live` was given and an operator, or `--yes`, agreed to
the limits shown. Keys come from the environment or from a file that only its owner can read.
"""

from __future__ import annotations

import stat
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from bot3.app.arbitrage.wiring import listed_of
from bot3.app.options import RunOptions
from bot3.app.settings import Config
from bot3.domain.errors import ConfigError

CONSENT = "live"


def live_venues(config: Config) -> list[str]:
    """The active venues that trade real money."""
    active = config.exchanges.active
    return [name for name in active if getattr(config.venues, name).mode == "live"]


def confirm_live(config: Config, options: RunOptions) -> None:
    """Raises `ConfigError` where real money is configured and not agreed to, or the reverse."""
    names = live_venues(config)
    if not names:
        if options.is_live:
            raise ConfigError('--live: no active venue has mode = "live": see config/live.toml')
        return
    if not options.is_live:
        raise ConfigError(
            f'venues.{names[0]}.mode = "live" is real money: say so with `trade --live`'
        )
    if options.is_confirmed:
        return
    if not sys.stdin.isatty():
        raise ConfigError("--live: nobody is there to agree: give --yes")
    for line in limits_shown(config, names):
        print(line, file=sys.stderr)
    print(f"Trade with real money? Type {CONSENT!r}: ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip() != CONSENT:
        raise ConfigError("--live: not agreed to; nothing was started")


def limits_shown(config: Config, names: list[str]) -> Iterator[str]:
    """What may be lost, and how fast."""
    risk, quote = config.risk, config.system.quote
    yield f"REAL MONEY on {', '.join(names)}: {', '.join(listed_of(config))}"
    yield f"  one position       at most {risk.max_position_size:.1%} of equity"
    yield f"  all positions      at most {risk.max_total_exposure:.1%} of equity"
    yield f"  one order          at most {risk.max_order_notional:g} {quote}"
    yield f"  orders             at most {risk.max_orders_per_minute} a minute"
    yield f"  a day's loss       halts at {risk.max_daily_loss:.1%}"
    yield f"  drawdown           halts at {risk.max_drawdown:.1%}"
    yield "  stop it any time   python -m bot3 halt, or flatten; Ctrl-C cancels what rests"


def with_keys_file(config: Config, environ: Mapping[str, str]) -> Mapping[str, str]:
    """The environment, and behind it the keys file's variables; raises `ConfigError`."""
    if not config.system.keys_file:
        return environ
    path = Path(config.system.keys_file).expanduser()
    try:
        found = path.stat()
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"system.keys_file = {str(path)!r}: cannot be read: {error}") from None
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise ConfigError(f"system.keys_file = {str(path)!r}: others can read it: chmod 600 {path}")
    return {**dict(_variables(path, text)), **environ}


def _variables(path: Path, text: str) -> Iterator[tuple[str, str]]:
    """The line's number tells where; its content is a secret."""
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not (equals and name.strip().isidentifier() and value.strip()):
            raise ConfigError(f"{path}, line {number}: want NAME=value")
        yield name.strip(), value.strip()
