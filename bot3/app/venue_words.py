"""What `python -m bot3 venue` says of itself: to programs, to people, and as a configuration.

Invariant: a secret that was given is never repeated; the demo account's is no secret.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from attrs import field, frozen

from bot3.app.venues import DEMO, EmbeddedVenue
from bot3.domain.errors import DataError


@frozen
class VenueKey:
    """An account's keys; `secret_env` names where the secret was read, empty for the demo's."""

    api_key: str
    api_secret: str = field(repr=False)
    secret_env: str = ""

    def shown(self) -> dict[str, str]:
        """A secret that was given is not repeated."""
        if self.secret_env:
            return {"api_key": self.api_key, "secret_env": self.secret_env}
        return {
            "api_key": self.api_key,
            "api_secret": self.api_secret,
            "passphrase": DEMO[2],
        }


@frozen
class ServedVenue:
    """Where one exchange listens, and what moves it."""

    address: EmbeddedVenue
    data_source: str

    @property
    def name(self) -> str:
        """The exchange whose protocol it speaks."""
        return self.address.protocol


def tell_machine(served: Sequence[ServedVenue], keys: Sequence[VenueKey], seed: int) -> None:
    """One JSON object on one line."""
    told = {
        "data_source": served[0].data_source,
        "seed": seed,
        "venues": {venue.name: venue.address.urls for venue in served},
        "accounts": [key.shown() for key in keys],
    }
    print(json.dumps(told), flush=True)


def tell_people(served: Sequence[ServedVenue], keys: Sequence[VenueKey], seed: int) -> None:
    """Addresses, keys, and how to trade there."""
    print(f"{served[0].data_source} · seed {seed}")
    for venue in served:
        for name, url in venue.address.urls.items():
            print(f"  {venue.name:<9} {name:<15} {url}")
    for key in keys:
        secret = f"secret in {key.secret_env}" if key.secret_env else f"secret {key.api_secret}"
        passphrase = f", passphrase {DEMO[2]} (OKX)"
        print(f"  account   key {key.api_key}, {secret}{passphrase}")
    print("To trade on the first, in another terminal (Ctrl-C ends the exchanges; --write-config")
    print("FILE writes what trades on all of them):")
    name = served[0].name
    words = [
        f"BOT3__{'__'.join(names).upper()}={value}"
        for names, value in _config_of(served[0], keys[0]).items()
    ]
    if keys[0].secret_env:
        words += [f"BOT3_{name.upper()}_KEY={keys[0].api_key}"]
        words += [f'BOT3_{name.upper()}_SECRET="${keys[0].secret_env}"']
    active = f"BOT3__EXCHANGES__ACTIVE='[\"{name}\"]'"
    print(" \\\n  ".join([active, *words, "python -m bot3"]), flush=True)


def write_config(path: Path, served: Sequence[ServedVenue], key: VenueKey) -> None:
    """The TOML with which `python -m bot3 trade -c FILE` trades here; raises `DataError`."""
    lines = [
        "# Trades on the exchanges that `python -m bot3 venue` serves.",
        "[exchanges]",
        f"active = {json.dumps([venue.name for venue in served])}",
    ]
    for venue in served:
        lines += ["", f"[venues.{venue.name}]"]
        lines += [
            f"{names[-1]} = {json.dumps(value)}" for names, value in _config_of(venue, key).items()
        ]
        if key.secret_env:
            lines.append(f"secret_env = {json.dumps(key.secret_env)}")
    try:
        path.write_text("\n".join(lines) + "\n")
    except OSError as error:
        raise DataError(f"--write-config {path}: {error.strerror or error}") from None


def _config_of(venue: ServedVenue, key: VenueKey) -> dict[tuple[str, ...], str]:
    """By section and key."""
    mode = "custom" if key.secret_env else "simulated"
    urls = {"mode": mode} | venue.address.urls
    return {("venues", venue.name, name): value for name, value in urls.items()}
