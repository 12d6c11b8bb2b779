"""The heavy imports take what the minds use, and leave out what River offers besides."""

from __future__ import annotations

import json
import subprocess
import sys

SCRIPT = """
import gc, json, sys
from bot3.app.heavy import import_heavy_libraries
import_heavy_libraries()
from river.linear_model import LogisticRegression
frozen, barred = gc.get_freeze_count(), [m for m in ("sklearn", "sqlalchemy") if m in sys.modules]
import sqlalchemy
print(json.dumps([LogisticRegression().predict_proba_one({"x": 1.0}), frozen, barred]))
"""


def test_readers_of_data_that_nobody_reads_are_not_imported_and_can_be_later() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, check=True, text=True, timeout=60
    )
    forecast, frozen, barred = json.loads(done.stdout)
    assert forecast == {"false": 0.5, "true": 0.5}
    assert frozen > 50_000
    assert barred == []
