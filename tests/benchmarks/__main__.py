"""`make bench`: every benchmark once, as JSON."""

from __future__ import annotations

import json

from tests.benchmarks import decision_core, first_signal

if __name__ == "__main__":
    figures = {
        "decision core, synchronous": decision_core.run(),
        "process, embedded exchange": first_signal.run(),
    }
    print(json.dumps(figures, indent=2))
