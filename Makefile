# Everything a contributor runs. `make` alone lists the targets.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: help demo test test-fast check fmt fmt-check lint types arch docs clean

help: ## Show this help
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(STAMP) ## Emulator, sample data, backfill, a changed day, a second run, an audit report
	$(BIN)/audiencesync demo --output demo-output

test: $(STAMP) ## Every test
	$(BIN)/pytest -n auto

test-fast: $(STAMP) ## The tests that take milliseconds
	$(BIN)/pytest -m 'not slow'

check: fmt-check lint types arch ## Format, lint, types and import contracts

fmt: $(STAMP) ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix --select I .

fmt-check: $(STAMP)
	$(BIN)/ruff format --check .

lint: $(STAMP)
	$(BIN)/ruff check .

types: $(STAMP)
	$(BIN)/mypy audiencesync tests scripts

arch: $(STAMP)
	$(BIN)/lint-imports

clean: ## Remove what the targets made
	rm -rf $(VENV) build dist demo-output .mypy_cache .ruff_cache .pytest_cache .hypothesis
