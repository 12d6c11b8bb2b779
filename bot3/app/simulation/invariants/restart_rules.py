"""What a declared tree promises about restarts, read from the declaration alone."""

from __future__ import annotations

from attrs import frozen

from supervisors.restart import Intensity, Strategy
from supervisors.spec import ChildSpec, SupervisorSpec


@frozen
class SupervisorRule:
    """Of one supervisor: how many restarts, and whether its children restart as a group."""

    intensity: Intensity
    is_group: bool = False


def pauses_of(root: SupervisorSpec) -> dict[str, float]:
    """Seconds between a crash and the next start, at least, per path of everything below the root;
    none for what restarts at once by declaration.

    They are those of a first crash, the shortest: where a group restarts together, or a supervisor
    above, the longer ones of a streak need not be waited for.
    """
    return {
        path: backoff.initial_s * (1 - backoff.jitter)
        for path, spec in _below(root.id, root)
        if (backoff := spec.backoff) is not None
    }


def supervisor_rules_of(root: SupervisorSpec) -> dict[str, SupervisorRule]:
    """Per path of every supervisor, the root included."""
    return {
        path: SupervisorRule(spec.intensity, spec.strategy is not Strategy.ONE_FOR_ONE)
        for path, spec in [(root.id, root), *_below(root.id, root)]
        if isinstance(spec, SupervisorSpec)
    }


def _below(path: str, spec: SupervisorSpec) -> list[tuple[str, ChildSpec]]:
    found: list[tuple[str, ChildSpec]] = []
    for child in spec.children:
        found.append((f"{path}/{child.id}", child))
        if isinstance(child, SupervisorSpec):
            found += _below(f"{path}/{child.id}", child)
    return found
