# Two commands on a fresh machine: make demo, make test. Both begin with make setup.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help
.PHONY: help setup demo browser test short-chaos chaos openapi lint check bench lock clean

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
BENCH_STAMP := $(VENV)/.bench-installed

help: ## what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## make .venv with everything in it; quick when nothing changed

$(STAMP): pyproject.toml requirements.lock
	@scripts/setup.sh $(VENV)
	touch $@

demo: setup ## backtest every shipped strategy on the shipped prices
	@$(BIN)/weaver demo

browser: setup
	@scripts/browser.sh $(BIN)

test: setup browser ## every test
	@$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

short-chaos: setup ## hundreds of orders while processes, server and venue fail; a run of thousands of bars; ten minutes
	@$(BIN)/python -m pytest -m chaos -n 2 $(ARGS)

chaos: setup ## the same for thousands of orders, and long runs on skipped time; an hour
	@WEAVER_CHAOS=long $(BIN)/python -m pytest -m chaos $(ARGS)

openapi: setup ## write the API's OpenAPI document to docs/openapi.json
	@$(BIN)/python -m scripts.openapi

lint: setup ## format, lint, types, layers
	@$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/basedpyright
	$(BIN)/lint-imports

check: lint test ## lint and test

bench: setup $(BENCH_STAMP) ## speed and memory, as ratios in one run
	@$(BIN)/python -m bench

$(BENCH_STAMP): pyproject.toml $(STAMP)
	@$(BIN)/python scripts/group.py bench | xargs -d '\n' $(BIN)/pip install --quiet --disable-pip-version-check
	touch $@

lock: setup ## pin all dependencies again
	@$(BIN)/pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url -o requirements.lock

clean: ## remove .venv and what tools left
	@rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis .import_linter_cache
