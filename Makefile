# What a person, and CI, run here. `make help` lists it.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
BIN := .venv/bin
STAMP := .venv/.made
KUBERAY_LAB := $(HOME)/.local/state/shoal/kuberay-tests
LINTED := src tests scripts examples lab $(wildcard bench)

.PHONY: help env demo demo-air test quick sim check lint docs docs-check packaging packaging-check bench bench-operator bench-air clean \
	verify-fake compare-kuberay kuberay-tests kube kube-deps kube-node kube-fake kube-down

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

env: $(STAMP) ## the environment, .venv, from uv.lock

$(STAMP): uv.lock pyproject.toml scripts/env.sh scripts/uv.txt
	@bash scripts/env.sh

demo: $(STAMP) ## a real Ray cluster on this machine, used in three ways, and gone again
	@$(BIN)/python scripts/demo.py

demo-air: $(STAMP) ## shoal.air: from a table to a served model, twice; on two workers with WORKERS=2; titanic on DATA=FILE
	@RAY_AUTH_MODE=disabled $(BIN)/python examples/air/breast_cancer.py $(if $(WORKERS),--workers $(WORKERS))
	@RAY_AUTH_MODE=disabled $(BIN)/python examples/air/titanic.py $(DATA) $(if $(WORKERS),--workers $(WORKERS))

test: $(STAMP) ## every test that can run here
	@$(BIN)/python -m pytest -ra

quick: $(STAMP) ## the tests that start neither Ray nor Kubernetes
	@$(BIN)/python -m pytest -m "not (ray or slow or kube or node or kwok)"

sim: $(STAMP) ## every crash and every fault at every write of the operator, not a sample; twenty minutes
	@SHOAL_SIM=all $(BIN)/python -m pytest tests/sim

check: lint test ## what CI runs

lint: $(STAMP) docs-check packaging-check ## style, types, layers
	$(BIN)/ruff check $(LINTED)
	$(BIN)/ruff format --check $(LINTED)
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(STAMP) ## write the generated pages of docs/reference
	$(BIN)/python scripts/reference.py

docs-check: $(STAMP) ## whether the generated pages are up to date
	$(BIN)/python scripts/reference.py --check

packaging: $(STAMP) ## write deploy/install.yaml and the generated files of the Helm chart
	$(BIN)/python scripts/packaging.py

packaging-check: $(STAMP) ## whether they are up to date
	$(BIN)/python scripts/packaging.py --check

bench: $(STAMP) ## the figures of bench/RESULTS.md, but for the operator's
	@$(BIN)/python -m bench

bench-operator: $(STAMP) ## those of the operator, on fake nodes; half an hour
	@$(BIN)/python -m bench.operator

bench-air: $(STAMP) ## those of shoal.air on small data; five minutes
	@RAY_AUTH_MODE=disabled $(BIN)/python -m bench.air

verify-fake: $(STAMP) ## FakeApi against a real API server: 1,200 random sequences, and all other comparisons
	@SHOAL_FAKE_SEQUENCES=$${SHOAL_FAKE_SEQUENCES:-1200} $(BIN)/python -m pytest tests/integration/test_fakeapi.py

compare-kuberay: $(STAMP) ## our operator beside KubeRay's, field by field; of a folder too: SAMPLES=FOLDER/samples; RECORD=1 keeps KubeRay's
	@$(BIN)/python -m lab build --kuberay
	@SHOAL_KUBERAY_DIR=$(if $(SAMPLES),$(dir $(abspath $(SAMPLES)))) SHOAL_RECORD=$(RECORD) $(BIN)/python -m pytest tests/integration/test_operators_alike.py

kuberay-tests: $(STAMP) ## KubeRay's own tests of RayClusters on a real node (root): TESTS=PATTERN PROFILE=compat|secure
	@result=0; $(BIN)/python -m lab --run $(KUBERAY_LAB) kuberay-tests --profile $(or $(PROFILE),compat) "$(or $(TESTS),.)" || result=$$?; \
		$(BIN)/python -m lab --run $(KUBERAY_LAB) down && exit $$result

kube: $(STAMP) ## a real Kubernetes on this machine, without nodes (built with Go the first time: ten minutes)
	@$(BIN)/python -m lab build
	@$(BIN)/python -m lab up
	@$(BIN)/python -m lab env

kube-deps: $(STAMP) ## the Debian packages that kube-node needs (root)
	@$(BIN)/python -m lab deps

kube-node: kube ## kube with a real node and an image of Ray (root)
	@$(BIN)/python -m lab node
	@$(BIN)/python -m lab ray-image

kube-fake: kube ## kube with 50 fake nodes, whose pods become Ready at once
	@$(BIN)/python -m lab kwok 50

kube-down: $(STAMP) ## end the Kubernetes of `make kube`, and leave nothing of it
	@$(BIN)/python -m lab down

clean: ## remove what make has made
	rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist
