"""Every start is a recovery: it loads what it uses, and nothing twice."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.bot3.app.processes import TIMEOUT_S, environment

HEAVY = (
    *("eth_abi", "httpx", "numba", "numpy.f2py", "pandas", "sklearn"),
    *("sqlalchemy", "river.datasets", "river.stream"),
    *("scipy.integrate", "scipy.ndimage", "scipy.special", "scipy.stats"),
)


def said(probe: str, directory: Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", probe],
        cwd=directory,
        env=environment(PYTHONDONTWRITEBYTECODE="1"),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=True,
    )
    return done.stdout.splitlines()


def test_a_start_against_venues_loads_what_it_uses(tmp_path: Path) -> None:
    probe = (
        "import sys, bot3.app.run\n"
        "from bot3.app.heavy import import_heavy_libraries\n"
        "import_heavy_libraries()\n"
        f"print([m for m in {HEAVY!r} if m in sys.modules], 'scipy.linalg' in sys.modules)\n"
        "from river import drift, linear_model, proba\n"
        "test = drift.KSWIN(seed=1)\n"
        "for value in range(200): test.update(float(value > 150))\n"
        "model = linear_model.LogisticRegression()\n"
        "model.learn_one({'x': 1.0}, True)\n"
        "print(model.predict_proba_one({'x': 1.0})[True] > 0.5, 'scipy.stats' in sys.modules)\n"
        "import scipy\n"
        "print(scipy.stats.norm.cdf(0.0), scipy.special.expit(0.0))\n"
        "print(proba.Beta(1, 1).cdf(0.5))\n"
    )
    assert said(probe, tmp_path) == ["[] True", "True True", "0.5 0.5", "0.5"]


def test_the_solver_of_bets_is_loaded_before_risk_asks_it_for_any(tmp_path: Path) -> None:
    probe = (
        "import sys\n"
        "from bot3.app.heavy import import_heavy_libraries\n"
        "import_heavy_libraries(is_betting=True)\n"
        "before = set(sys.modules)\n"
        "import numpy\n"
        "from bot3.risk.kelly import kelly_shares\n"
        "print(kelly_shares(numpy.ones(1), numpy.eye(1), 100.0, fraction=0.5, cap=0.1))\n"
        "print(sorted(name for name in set(sys.modules) - before if 'scipy' in name))\n"
    )
    assert said(probe, tmp_path) == ["[0.1]", "[]"]


def test_a_start_keeps_what_it_compiled_whatever_the_environment_says(tmp_path: Path) -> None:
    probe = (
        "import sys\n"
        "from bot3.__main__ import main\n"
        "sys.argv = ['bot3', '--version']\n"
        "try: main()\n"
        "except SystemExit: print(sys.dont_write_bytecode)\n"
    )
    assert said(probe, tmp_path)[-1] == "False"
