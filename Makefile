# Everything a contributor runs. `make` alone lists the targets.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
# what is compiled is kept, whatever the shell says: the tests start hundreds of processes
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
CODE := audiencesync tests scripts
FAST := tests/house $(addprefix tests/config/test_config_,columns.py file.py misspelt.py starter.py)

TORTURE_KILLS ?= 300

PROFILES ?= 100k
ONLY ?=
RUNS ?= 3
BENCH ?=
BENCH_VENV := .venv-bench
BENCH_STAMP := $(BENCH_VENV)/.installed

.PHONY: help demo test test-fast torture bench conformance check fmt fmt-check lint types arch docs clean

help: ## Show this help
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

demo: $(STAMP) ## Emulator, sample data, backfill, a changed day, a second run, audit reports
	$(BIN)/audiencesync demo --output demo-output

test: $(STAMP) ## Every test
	$(BIN)/pytest -n auto

test-fast: $(STAMP) ## The tests that take milliseconds
	$(BIN)/pytest -q -p no:xdist -m 'not slow' $(FAST)

torture: $(STAMP) ## Random sources, faults and SIGKILLs against a model; TORTURE_KILLS=300, half an hour
	TORTURE_KILLS=$(TORTURE_KILLS) $(BIN)/pytest -q -p no:xdist -k hundreds tests/torture

bench: $(STAMP) $(BENCH_STAMP) ## What we cost beside others; PROFILES=100k,1m,10m ONLY=plan,small RUNS=3 BENCH=--markdown
	$(BIN)/python -m scripts.bench --profiles '$(PROFILES)' --only '$(ONLY)' --runs $(RUNS) $(BENCH)

conformance: $(STAMP) ## Other people's Salesforce clients against the emulator; needs npm, 2 minutes
	$(BIN)/python tests/emulator/conformance/run.py

check: fmt-check lint types arch docs ## Format, lint, types, import contracts, docs

fmt: $(STAMP) ## Format the code, sort the imports
	$(BIN)/ruff check --quiet --fix --select I .
	$(BIN)/ruff format .

fmt-check: $(STAMP)
	$(BIN)/ruff format --check .

lint: $(STAMP)
	$(BIN)/ruff check .

types: $(STAMP)
	$(BIN)/mypy $(CODE)

arch: $(STAMP) ## Who may import whom
	$(BIN)/lint-imports --no-logo

docs: $(STAMP) ## Hold the documents against the code, and run the README
	$(BIN)/pytest -q tests/house

clean: ## Remove what the targets made
	rm -rf $(VENV) $(BENCH_VENV) .bench build dist demo-output .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "$(PYTHON) is older than 3.11; name another: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
	  || { echo "$(PYTHON) cannot make a virtual environment; on Debian: apt-get install python3-venv" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile -c constraints.txt -e '.[dev]'
	@touch $@

$(BENCH_STAMP): scripts/bench/constraints.txt
	@$(PYTHON) -m venv $(BENCH_VENV)
	$(BENCH_VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r scripts/bench/constraints.txt
	@touch $@
