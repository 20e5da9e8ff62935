# Everything sets itself up: a machine needs Python 3.11 or newer and make, nothing else.
PYTHON ?=
export PYTHON

BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help run test faults lint types bench fuzz docs format lock clean

help: ## show what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

run: ## set everything up and start the service on this machine
	@tools/setup.sh run
	@exec $(BIN)/moderation up

test: ## set everything up and run the tests (ARGS="-k name" for some of them)
	@tools/setup.sh dev
	@$(BIN)/python -m pytest -n 4 $(ARGS)

faults: ## run the tests that break things on purpose and wait for them to mend
	@tools/setup.sh dev
	@$(BIN)/python -m pytest -n 4 -m long $(ARGS)

lint: ## check style
	@tools/setup.sh dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: ## check types
	@tools/setup.sh dev
	@$(BIN)/mypy

bench: ## measure filters, accepting, judging and telling beside others in the same run
	@tools/setup.sh dev
	@export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1; $(BIN)/python -m benchmarks.filters && $(BIN)/python -m benchmarks.growth && \
		$(BIN)/python -m benchmarks.performance && $(BIN)/python -m benchmarks.telling

fuzz: ## look for texts that break something, for a minute (FUZZ_SECONDS=600 for ten)
	@tools/setup.sh dev
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary :all: --require-hashes \
		-r requirements/fuzz.lock || echo "fuzz: atheris could not be installed" >&2
	@$(BIN)/python -m tests.fuzz.run --seconds $(or $(FUZZ_SECONDS),60)

audit: ## ask whether a pinned package has a known weakness
	@tools/setup.sh dev
	@tools/audit.sh requirements/run.lock requirements/dev.lock

sbom: ## write sbom.json: what the program is made of (CycloneDX)
	@tools/setup.sh run
	@$(BIN)/python tools/sbom.py requirements/run.lock >sbom.json

docs: ## write the pages that are made from the code
	@tools/setup.sh dev
	@$(BIN)/python tools/settings_page.py
	@$(BIN)/python tools/dashboard.py

format: ## put the code into shape
	@tools/setup.sh dev
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock: ## pin the dependencies anew
	@tools/lock.sh

clean: ## remove what the other targets made, the data in var/ excepted
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache *.egg-info build
