"""The layers of a configuration: defaults, a tolerance, a file, environment, command line.

Invariant: every value of the merged tables has a source, and a later layer wins key by key.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from attrs import define, field, frozen

from bot3.domain.errors import ConfigError

Table = dict[str, object]
Keys = tuple[str, ...]

ENVIRONMENT_PREFIX = "BOT3__"
DEFAULT_SOURCE = "default"
_PLACE = re.compile(
    r"^(?P<what>.*?) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of .*)\)$"
)


@frozen
class Problem:
    """One thing wrong with one key. `wanted` goes behind the value, or stands alone without one."""

    keys: Keys
    words: str


@define
class Layers:
    """What has been merged so far."""

    values: Table
    sources: dict[Keys, str] = field(factory=dict)
    problems: list[Problem] = field(factory=list)

    def add(self, layer: Mapping[str, object], source: str) -> None:
        """Lays a nested table over what is there."""
        self._merge(self.values, layer, (), source)

    def put(self, keys: Keys, value: object, source: str) -> None:
        """Lays one value over what is there."""
        layer: object = value
        for key in reversed(keys):
            layer = {key: layer}
        assert isinstance(layer, dict)
        self.add(layer, source)

    def _merge(self, below: Table, layer: Mapping[str, object], at: Keys, source: str) -> None:
        for key, value in layer.items():
            keys = (*at, key)
            under = below.get(key)
            if isinstance(under, dict) and isinstance(value, Mapping):
                self._merge(under, value, keys, source)
            elif isinstance(under, dict):
                self.sources[keys] = source
                self.problems.append(Problem(keys, f"is a section [{'.'.join(keys)}], not a value"))
            else:
                below[key] = value
                self.sources[keys] = source

    def source(self, keys: Keys) -> str:
        """Where a value came from; of a section, where any of it did."""
        if keys in self.sources:
            return self.sources[keys]
        inside = [text for known, text in self.sources.items() if known[: len(keys)] == keys]
        return inside[-1] if inside else DEFAULT_SOURCE


def look_up(table: Mapping[str, object], keys: Keys) -> object:
    """The value at a path, None where there is none."""
    value: object = table
    for key in keys:
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value


def default_text(package: Traversable | None = None) -> str:
    """The text of `default.toml`: beside this module in a wheel, under `config/` in a checkout.

    Raises `ConfigError` where the installation has neither.
    """
    beside = (files("bot3.app") if package is None else package) / "default.toml"
    if beside.is_file():
        return beside.read_text(encoding="utf-8")
    checkout = Path(__file__).parents[2] / "config" / "default.toml"
    if package is None and checkout.is_file():
        return checkout.read_text(encoding="utf-8")
    raise ConfigError("default.toml is missing from this installation: install bot3 again")


def read_file(path: Path) -> str:
    """A user's file; raises `ConfigError` with one line."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text (byte {error.start})") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None


def parse(text: str, source: str) -> Table:
    """TOML as nested tables; raises `ConfigError` with `source:line:column`."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _PLACE.match(str(error))
        what = found["what"] if found else str(error)
        if found and found["line"]:
            place = f"{found['line']}:{found['column']}"
        else:
            lines = text.split("\n")
            place = f"{len(lines)}:{len(lines[-1]) + 1}"
        raise ConfigError(f"{source}:{place}: not TOML: {what}") from None
    except RecursionError:
        raise ConfigError(f"{source}: nested too deeply") from None
    except ValueError:  # Python's own limit on the digits of an int
        raise ConfigError(f"{source}: a number has too many digits") from None


def environment(
    environ: Mapping[str, str], defaults: Mapping[str, object]
) -> Iterator[tuple[str, Keys, object]]:
    """(variable, path, value) of every `BOT3__SECTION__KEY`, in the order of their names.

    The value is read as TOML (`0.1`, `true`, `["a"]`), else as plain text; where the default is
    text, so is the value: `BOT3__SIMULATION__REPLAY=2024` needs no quotes.
    """
    for name in sorted(environ):
        if name.startswith(ENVIRONMENT_PREFIX):
            keys = tuple(name.removeprefix(ENVIRONMENT_PREFIX).lower().split("__"))
            is_text = isinstance(look_up(defaults, keys), str)
            yield name, keys, _environment_value(environ[name], is_text=is_text)


def _environment_value(raw: str, *, is_text: bool) -> object:
    try:
        table = tomllib.loads(f"value = {raw}")
    except (ValueError, RecursionError):
        return raw
    value = table["value"]
    if len(table) > 1 or (is_text and not isinstance(value, str)):
        return raw
    return value
