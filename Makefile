# Every command a person needs; `make help` lists them. What a target needs, it installs.
.DEFAULT_GOAL := help
PORT ?= 5000
UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
RUN := $(UV) run --no-sync

.PHONY: help setup run test lint format e2e e2e-full up down bench bench-full doctor images

help: ## This list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z0-9-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.ready ## The locked environment in .venv, with uv in a folder of its own where it is missing

.uv/bin/uv:
	python3 -m venv .uv
	.uv/bin/pip install --quiet uv

.venv/.ready: uv.lock $(if $(filter .uv/bin/uv,$(UV)),.uv/bin/uv)
	$(UV) sync --quiet --frozen --all-packages --compile-bytecode
	@touch $@

run: setup ## The whole platform in one process on port 5000 (PORT=, data in ./data)
	exec $(RUN) messaging standalone --port $(PORT) --data-dir ./data

test: setup ## Every test that needs no cluster, with real MySQL, RabbitMQ, Envoy and Kubernetes API server
	$(RUN) python -m e2e.images ensure --for-tests
	$(RUN) pytest

lint: setup ## Format, lint, types and import rules
	$(RUN) ruff format --check .
	$(RUN) ruff check .
	$(RUN) mypy services/wire/messaging_wire services/messaging operator/messaging_operator client/messaging_client e2e bench tests
	$(RUN) lint-imports

format: setup ## Put the code into its form
	$(RUN) ruff format .
	$(RUN) ruff check --fix .

up: setup ## A local kind cluster with the operator and a sample platform on localhost:5000
	PORT=$(PORT) $(RUN) python -m e2e.cluster up

down: setup ## The local cluster gone again
	$(RUN) python -m e2e.cluster down

e2e: setup ## The scenarios on a real cluster of their own
	$(RUN) python -m e2e.cluster e2e

e2e-full: setup ## The same with longer trouble: each part killed under 100,000 sends
	$(RUN) python -m e2e.cluster e2e --full

images: setup ## The container images
	$(RUN) python -m e2e.images ensure

bench: setup ## Benchmarks beside ejabberd and Prosody, printed as a table (docs/performance.md)
	$(RUN) python -m bench

bench-full: setup ## The same with a minute for each rate and 10 million messages
	$(RUN) python -m bench rows --seconds 60 --full

doctor: setup ## What this machine has, lacks, and what will be installed
	$(RUN) python -m e2e.cluster doctor
