# Everything from a bare checkout: Python 3.11 or newer, make and git are all that has to be there.
PYTHON ?= python3
UV ?= uv
ARGS ?=
SECONDS ?= 600
SEED ?= 0
# More processes than cores, since tests of real processes mostly wait; a file each, the longest first (tests/conftest.py).
APART := -n 3 --dist loadfile --no-loadscope-reorder
PIP := .venv/bin/python -m pip --quiet --disable-pip-version-check --no-input
READY := .venv/ready

.DEFAULT_GOAL := help
.PHONY: help demo up test hunt-kill many long hunt-faults hunt replay check bench fleet lock clean

help:  ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(READY)  ## The whole thing, told step by step; needs no account and no server
	@.venv/bin/syncer demo

up: $(READY)  ## Console, worker, scheduler and listeners on this machine; Ctrl-C stops all of it
	@.venv/bin/syncer up

test: $(READY)  ## All tests (ARGS="-k words" for some of them); what fails is tried once more, alone, and told
	@.venv/bin/pytest -q $(APART) $(ARGS) || { echo "== what failed, once more, one at a time"; .venv/bin/pytest -q --last-failed --last-failed-no-failures none; }

hunt-kill: $(READY)  ## A run killed at each of its points (KILL_POINTS="call:search sent 1" for some of them)
	@KILL_POINTS="$${KILL_POINTS:-all}" .venv/bin/pytest -q -n 3 tests/killed $(ARGS)

many: $(READY)  ## 100,000 records created, and what their events cause
	@MANY_CREATES=100000 .venv/bin/pytest -q tests/noticing/test_our_own.py -k ten_thousand $(ARGS)

long: $(READY)  ## What lasts: Feishu cut off for a minute, a transaction open and events late for ten (half an hour)
	@SYNCER_TEST_LONG=1 .venv/bin/pytest -q tests/worker/test_outages.py $(ARGS)

hunt-faults: $(READY)  ## Ever new storms in which three answers of Feishu in ten are faults, for SECONDS=600
	@.venv/bin/python -m tests.faults --seconds $(SECONDS) $(ARGS)

hunt: $(READY)  ## Ever new seeds of the convergence machine, for SECONDS=600
	@.venv/bin/python -m tests.convergence hunt --seconds $(SECONDS)

replay: $(READY)  ## One seed of the convergence machine, step by step: SEED=7
	@.venv/bin/python -m tests.convergence replay --seed $(SEED)

check: $(READY)  ## Style, types, and the house's own rules
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/pytest -q tests/test_house.py

bench: $(READY)  ## The benchmarks: time, calls, a fleet, latency, a storm (ARGS="--quick": time alone)
	@.venv/bin/python -m benchmarks $(ARGS)
	@.venv/bin/python -m benchmarks.triggers
ifeq ($(ARGS),)
	@echo && .venv/bin/python -m benchmarks.counts
	@echo && .venv/bin/python -m benchmarks.fleet
	@echo && .venv/bin/python -m benchmarks.latency || true
	@echo && .venv/bin/python -m benchmarks.passing || true
	@echo && .venv/bin/python -m tests.faults --real --seconds 180 --seed 0
endif

latency: $(READY)  ## How soon an edit is on the other side while `syncer up` runs
	@.venv/bin/python -m benchmarks.latency $(ARGS)

fleet: $(READY)  ## Four workers on eight tables: Feishu's quotas kept, and used
	@.venv/bin/python -m benchmarks.fleet $(ARGS)

lock:  ## Choose the newest versions that pyproject.toml allows (needs uv)
	@$(UV) pip compile pyproject.toml --group dev --python-version 3.11 --universal --upgrade --no-emit-index-url --quiet \
		--custom-compile-command "make lock" --output-file requirements.lock

clean:  ## Remove what was built; data in .syncer stays
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The lock file alone decides what is installed. The project itself comes last, built by the hatchling of the lock file.
$(READY): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed, this is $$($(PYTHON) --version 2>&1); try: make PYTHON=python3.12" >&2; exit 1; }
	@echo "preparing .venv ..."
	@$(PYTHON) -m venv .venv
	@$(PIP) install --root-user-action=ignore -r requirements.lock
	@$(PIP) install --root-user-action=ignore --no-deps --no-build-isolation -e .
	@touch $@
