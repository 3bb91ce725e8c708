# On a fresh machine: make demo, make up, make test. All begin with make setup.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help
.PHONY: help setup demo haro up browser test test-haro pictures short-chaos short-topology topology chaos replay openapi lint audit coverage check bench lock clean

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
BENCH_STAMP := $(VENV)/.bench-installed
AUDIT := $(VENV)/audit
AUDIT_STAMP := $(AUDIT)/.installed
LOCKS := requirements.lock deploy/requirements.lock deploy/build-requirements.lock
NPM := scripts/npm.sh $(BIN)
HARO_STAMP := haro/node_modules/.installed
HARO_BUILT := haro/dist/index.html
PARALLEL := -n 4 --dist loadfile --no-loadscope-reorder # on two cores, since many tests wait; folder after folder, whose stack then ends
HARO_SOURCES := $(shell find haro -type f -not -path 'haro/node_modules/*' -not -path 'haro/dist/*' -not -name '*.test.ts*' -not -name '*.md')

help: ## what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## make .venv with everything in it; quick when nothing changed

$(STAMP): pyproject.toml requirements.lock
	@scripts/setup.sh $(VENV)
	touch $@

demo: setup ## backtest every shipped strategy on the shipped prices
	@$(BIN)/weaver demo

haro: setup $(HARO_BUILT) ## build the dashboard; quick when nothing changed

$(HARO_STAMP): haro/package.json haro/package-lock.json scripts/npm.sh
	@echo "Installing what haro/package-lock.json says"
	$(NPM) ci --no-audit --no-fund --loglevel=error
	touch $@

$(HARO_BUILT): $(HARO_STAMP) $(HARO_SOURCES)
	@$(NPM) run --silent build
	touch $@

up: setup haro ## the server and the dashboard on http://127.0.0.1:8000, with the shipped prices, until Ctrl-C
	@$(BIN)/weaver demo --prices-only
	exec $(BIN)/weaver up $(ARGS)

browser: setup
	@scripts/browser.sh $(BIN)

test-haro: setup $(HARO_STAMP) ## the dashboard's own tests
	@$(NPM) run --silent test

test: setup browser haro test-haro ## every test
	@$(BIN)/python -m pytest $(PARALLEL) $(ARGS)
	$(BIN)/python -m pytest -m alone $(ARGS) || [ $$? -eq 5 ] # where ARGS chooses none of these

coverage: setup browser haro ## every test, and how much of each package they run; fails below a package's floor
	@scripts/coverage.sh $(BIN) $(PARALLEL) $(ARGS)
	$(NPM) run --silent coverage

pictures: setup browser haro ## write docs/images anew, from a real stack in a real browser
	@scripts/pictures.sh $(BIN)

short-chaos: setup ## hundreds of orders while processes, server and venue fail; a run of thousands of bars; ten minutes
	@$(BIN)/python -m pytest -m chaos -n 2 $(ARGS)

chaos: setup ## the same for thousands of orders, and long runs on skipped time; an hour
	@WEAVER_CHAOS=long $(BIN)/python -m pytest -m chaos $(ARGS)

short-topology: setup $(HARO_STAMP) ## a whole deployment as processes that are killed in turn; its backup goes on elsewhere; images built; ten minutes
	@$(BIN)/python -m pytest -m topology -rP $(ARGS)

topology: setup $(HARO_STAMP) ## the same for fifty paper runs and a hundred backtests; a quarter of an hour
	@WEAVER_TOPOLOGY=long $(BIN)/python -m pytest -m topology -rP $(ARGS)

replay: setup ## replay the histories of FOLDER, written by `weaver deploy export`, with this code
	@$(BIN)/weaver deploy check $(FOLDER)

openapi: setup $(HARO_STAMP) ## write the API's OpenAPI document to docs/openapi.json, and the dashboard's client from it
	@$(BIN)/python -m scripts.openapi
	$(NPM) run --silent api

lint: setup $(HARO_STAMP) ## format, lint, types, layers, and whether the dashboard's client is that of the API
	@$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/basedpyright
	$(BIN)/basedpyright -p scripts/tests-types.json
	$(BIN)/lint-imports
	$(NPM) run --silent lint
	$(NPM) run --silent types

audit: setup $(AUDIT_STAMP) $(HARO_STAMP) ## whether a pinned dependency has a known weakness; asks PyPI and npm
	@for lock in $(LOCKS); do $(AUDIT)/bin/pip-audit --strict --disable-pip --require-hashes --progress-spinner off -r $$lock; done
	$(NPM) audit

$(AUDIT_STAMP): pyproject.toml $(STAMP)
	@$(BIN)/python -m venv $(AUDIT)
	$(BIN)/python scripts/group.py audit | xargs -d '\n' $(AUDIT)/bin/pip install --quiet --disable-pip-version-check
	touch $@

check: lint test audit ## lint, test and audit

bench: setup $(BENCH_STAMP) ## speed and memory, as ratios in one run
	@$(BIN)/python -m bench

$(BENCH_STAMP): pyproject.toml $(STAMP)
	@$(BIN)/python scripts/group.py bench | xargs -d '\n' $(BIN)/pip install --quiet --disable-pip-version-check
	touch $@

lock: setup ## pin all dependencies again
	@$(BIN)/pip install --quiet --disable-pip-version-check uv
	compile="$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url"
	$$compile pyproject.toml --group dev -o requirements.lock
	$$compile pyproject.toml --all-extras -c requirements.lock -o deploy/requirements.lock
	$$compile deploy/build-requirements.in -o deploy/build-requirements.lock

clean: ## remove .venv and what tools left
	@rm -rf $(VENV) haro/node_modules haro/dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache
