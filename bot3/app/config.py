"""Reads the configuration: defaults, then a file, the environment and the command line over them.

Invariant: a `LoadedConfig` has passed every check; all problems are told at once, each with its
key, its value, what is allowed and where it came from. Values of secrets are never repeated.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, get_args, get_origin

import attrs
from attrs import frozen
from cattrs import ClassValidationError, Converter, ForbiddenExtraKeysError

from bot3.app.between_keys import BETWEEN_KEYS
from bot3.app.layers import (
    DEFAULT_SOURCE,
    Keys,
    Layers,
    Problem,
    Table,
    default_text,
    environment,
    look_up,
    parse,
    read_file,
)
from bot3.app.rules import did_you_mean
from bot3.app.settings import Config
from bot3.app.tolerance import tolerance_layer
from bot3.domain.errors import ConfigError

OVERRIDE_SOURCE = "command line"
_VALUE_LENGTH_MAX = 60
_SECRETS = frozenset({("alerts", "webhook_url")})
_HIDDEN = "***"


@frozen
class LoadedConfig:
    """A checked configuration, the source of each key, the hash of all values, the user's file."""

    config: Config
    sources: Mapping[str, str]
    hash: str
    path: Path | None = None


def load_config(
    path: Path | None,
    environ: Mapping[str, str],
    overrides: Mapping[str, object] = MappingProxyType({}),
) -> LoadedConfig:
    """The configuration of this process; raises `ConfigError` with every problem, one a line.

    `path` is the user's file or None; `overrides` maps dotted keys (`simulation.port`) to values,
    None for an option that was not given.
    """
    defaults = parse(default_text(), DEFAULT_SOURCE)
    file = None if path is None else parse(read_file(path), str(path))

    def lay_own(layers: Layers) -> Layers:
        if file is not None:
            layers.add(file, str(path))
        for name, keys, value in environment(environ, defaults):
            layers.put(keys, value, name)
        for dotted, value in overrides.items():
            if value is not None:
                layers.put(tuple(dotted.split(".")), value, OVERRIDE_SOURCE)
        return layers

    # Which tolerance it is, is known when all is laid; what it stands for lies below that.
    chosen = look_up(lay_own(Layers(deepcopy(defaults))).values, ("system", "risk_tolerance"))
    layers = Layers(deepcopy(defaults))
    layers.add(*tolerance_layer(chosen))
    lay_own(layers)
    config = _checked(layers, defaults)
    sources = {".".join(keys): layers.source(keys) for keys, _ in _flat(config)}
    return LoadedConfig(config, MappingProxyType(sources), config_hash(config), path)


def config_hash(config: Config) -> str:
    """First 16 hex digits of SHA-256 over the canonical JSON of all values but secrets, the seed
    included.
    """
    text = json.dumps(_open(config), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def describe(loaded: LoadedConfig) -> list[str]:
    """`section.key = value  (source)`, one a line, in the order of `default.toml`."""
    return [
        f"{'.'.join(keys)} = {_shown(value, is_secret=_is_hidden(keys, value))}"
        f"  ({loaded.sources['.'.join(keys)]})"
        for keys, value in _flat(loaded.config)
    ]


def describe_json(loaded: LoadedConfig) -> str:
    """The same for machines: `{"hash", "config": {section: {key: value}}, "sources"}`."""
    body = {"hash": loaded.hash, "config": _open(loaded.config), "sources": dict(loaded.sources)}
    return json.dumps(body, indent=2)


def _converter() -> Converter:
    converter = Converter(forbid_extra_keys=True, detailed_validation=True)

    def has_rule(annotation: Any) -> bool:
        return get_origin(annotation) is Annotated

    def hook(annotation: Any) -> Callable[[object, Any], object]:
        rule = get_args(annotation)[1]
        return lambda value, _: rule.take(value)

    converter.register_structure_hook_factory(has_rule, hook)
    return converter


_CONVERTER = _converter()


def _checked(layers: Layers, defaults: Table) -> Config:
    problems = list(layers.problems)
    try:
        config = _CONVERTER.structure(layers.values, Config)
    except ClassValidationError as error:
        problems += _problems(error, (), Config, layers)
        # Checks between keys still run, on the keys that are good by themselves.
        config = _CONVERTER.structure(_without(layers.values, defaults, problems), Config)
    bad = {".".join(problem.keys) for problem in problems}
    for names, check in BETWEEN_KEYS:
        words = None if bad.intersection(names) else check(config)
        if words is not None:
            problems.append(Problem(tuple(names[0].split(".")), words))
    if problems:
        raise ConfigError(_report(problems, layers))
    return config


def _problems(error: ClassValidationError, at: Keys, cls: Any, layers: Layers) -> Iterator[Problem]:
    noted, others = error.group_exceptions()
    for cause, note in noted:
        keys = (*at, note.name)
        if isinstance(cause, ClassValidationError):
            yield from _problems(cause, keys, note.type, layers)
        elif isinstance(cause, KeyError):
            yield Problem(keys, "has no value")
        else:
            value = _shown(
                look_up(layers.values, keys),
                is_secret=keys in _SECRETS or note.name.endswith("_env"),
            )
            yield Problem(keys, f"= {value}: want {cause}")
    for cause in others:
        if not isinstance(cause, ForbiddenExtraKeysError):
            raise cause
        for name in sorted(cause.extra_fields):
            yield Problem((*at, name), _unknown(name, at, cls))


def _unknown(name: str, at: Keys, cls: Any) -> str:
    known = list(attrs.fields_dict(cls))
    kind = "section" if not at else "key"
    hint = did_you_mean(name, known)
    if not hint:
        homes = [keys[:-1] for keys in _paths(Config) if keys[-1] == name]
        hint = (
            f"; it belongs in [{'.'.join(homes[0])}]" if homes else f"; known: {', '.join(known)}"
        )
    return f"is an unknown {kind}{hint}"


def _without(values: Table, defaults: Table, problems: list[Problem]) -> Table:
    """A copy in which every bad key has its default again, or is gone."""
    mended = deepcopy(values)
    for problem in problems:
        table: object = mended
        for key in problem.keys[:-1]:
            table = table.get(key) if isinstance(table, dict) else None
        good = look_up(defaults, problem.keys)
        if isinstance(table, dict) and good is not None:
            table[problem.keys[-1]] = good
        elif isinstance(table, dict):
            table.pop(problem.keys[-1], None)
    return mended


def _report(problems: list[Problem], layers: Layers) -> str:
    lines = [
        f"{'.'.join(map(_key, problem.keys))} {problem.words} (from {layers.source(problem.keys)})"
        for problem in problems
    ]
    if len(lines) == 1:
        return f"configuration: {lines[0]}"
    return "\n  ".join([f"configuration: {len(lines)} problems", *lines])


def _key(name: str) -> str:
    is_bare = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return name if is_bare else json.dumps(name)


def _shown(value: object, *, is_secret: bool = False) -> str:
    """A value as TOML would write it, cut where long; strings that may hold a secret are hidden."""
    if isinstance(value, str) and (is_secret or "@" in value):
        return json.dumps(_HIDDEN)
    if value is None:
        return "absent"
    try:
        text = json.dumps(list(value) if isinstance(value, tuple) else value, default=str)
    except (ValueError, RecursionError):
        return "a value too large to show"
    return text if len(text) <= _VALUE_LENGTH_MAX else f"{text[:_VALUE_LENGTH_MAX]}…"


def _plain(config: Config) -> dict[str, Any]:
    return attrs.asdict(config)


def _open(config: Config) -> dict[str, Any]:
    """What may be shown of all values."""
    shown = _plain(config)
    for section, key in _SECRETS:
        if _is_hidden((section, key), shown[section][key]):
            shown[section][key] = _HIDDEN
    return shown


def _is_hidden(keys: Keys, value: object) -> bool:
    """Whether there is a secret; that there is none may be seen."""
    return keys in _SECRETS and bool(value)


def _paths(cls: type[attrs.AttrsInstance], at: Keys = ()) -> Iterator[Keys]:
    attrs.resolve_types(cls)
    for key in attrs.fields(cls):
        if isinstance(key.type, type) and attrs.has(key.type):
            yield from _paths(key.type, (*at, key.name))
        else:
            yield (*at, key.name)


def _flat(config: Config) -> Iterator[tuple[Keys, object]]:
    for keys in _paths(Config):
        value: object = config
        for key in keys:
            value = getattr(value, key)
        yield keys, value
