"""`make bench`: every benchmark once, as JSON."""

from __future__ import annotations

import json

from tests.benchmarks import decision_core

if __name__ == "__main__":
    print(json.dumps({"decision core, synchronous": decision_core.run()}, indent=2))
