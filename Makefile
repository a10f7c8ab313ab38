# What a person, and CI, run here. `make help` lists it.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
BIN := .venv/bin
STAMP := .venv/.made
LINTED := src tests scripts examples $(wildcard bench)

.PHONY: help env demo test quick check lint docs docs-check bench clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

env: $(STAMP) ## the environment, .venv, from uv.lock

$(STAMP): uv.lock pyproject.toml scripts/env.sh scripts/uv.txt
	@bash scripts/env.sh

demo: $(STAMP) ## a real Ray cluster on this machine, used in three ways, and gone again
	@$(BIN)/python scripts/demo.py

test: $(STAMP) ## every test that can run here
	@$(BIN)/python -m pytest -ra

quick: $(STAMP) ## the tests that start no Ray
	@$(BIN)/python -m pytest -m "not ray and not slow"

check: lint test ## what CI runs

lint: $(STAMP) docs-check ## style, types, layers
	$(BIN)/ruff check $(LINTED)
	$(BIN)/ruff format --check $(LINTED)
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(STAMP) ## write the generated pages of docs/reference
	$(BIN)/python scripts/reference.py

docs-check: $(STAMP) ## whether the generated pages are up to date
	$(BIN)/python scripts/reference.py --check

bench: $(STAMP) ## the figures of bench/RESULTS.md
	@$(BIN)/python -m bench

clean: ## remove what make has made
	rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist
