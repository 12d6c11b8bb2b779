# make run: trade on the embedded exchange.  make test: everything CI checks.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: run test lint types contracts tests chaos simulations processes kills paper-24h bench clean

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test,discovery,cluster]'
	touch $(STAMP)

run: $(STAMP)
	$(BIN)/python -m bot3 $(ARGS)

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

contracts: $(STAMP)
	$(BIN)/lint-imports

tests: $(STAMP)
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

test: lint types contracts tests

# The whole bot in virtual time on fresh seeds; then real processes, sockets and signals.
SEEDS ?= 200
SECONDS ?= 180

chaos: simulations processes

simulations: $(STAMP)
	$(BIN)/python -m tests.simulation --fresh $(SEEDS) --seconds $(SECONDS) --faults storm

# Each scenario's seeds are fresh and in its name:
# BOT3_CHAOS_FRESH=3 takes three of each, BOT3_CHAOS_SEEDS="7 8" exactly these.
processes: $(STAMP)
	grep -l mark.chaos tests/chaos/test_*.py | BOT3_CHAOS_FRESH=$${BOT3_CHAOS_FRESH:-1} \
		xargs -P 3 -n 1 $(BIN)/python -m pytest -m chaos -v -p no:cacheprovider

# kill -9 during trading on all three exchanges' protocols, judged by the matching engines' records.
KILLS ?= 200

kills: $(STAMP)
	$(BIN)/python -m tests.chaos.kills --kills $(KILLS)

# A day on the venues' public streams with modelled fills, watched from outside.
# PAPER="--hours 0.2 --served" takes the simulated exchanges' streams instead of the internet's.
PAPER ?= --hours 24

paper-24h: $(STAMP)
	$(BIN)/python -m tests.chaos.paper $(PAPER)

# The peers of the backtests in an environment of their own; where they cannot be had, a word says so.
PEERS := $(VENV)/peers
PEERS_STAMP := $(PEERS)/.installed

$(PEERS_STAMP): Makefile
	$(PYTHON) -m venv $(PEERS)
	-$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check \
		nautilus_trader==1.221.0 vectorbt==1.0.0 'plotly<6' hftbacktest==2.4.4
	touch $(PEERS_STAMP)

bench: $(STAMP) $(PEERS_STAMP)
	BOT3_PEERS=$${BOT3_PEERS:-$(PEERS)/bin/python} $(BIN)/python -m tests.benchmarks $(ONLY)

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
