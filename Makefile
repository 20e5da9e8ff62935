# Everything sets itself up: a machine needs Python 3.11 or newer and make, nothing else.
PYTHON ?=
export PYTHON

BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help run test faults lint types docs format lock clean

help: ## show what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

run: ## set everything up and start the service on this machine
	@tools/setup.sh run
	@exec $(BIN)/moderation up

test: ## set everything up and run the tests (ARGS="-k name" for some of them)
	@tools/setup.sh dev
	@$(BIN)/python -m pytest -n 2 $(ARGS)

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

docs: ## write the pages that are made from the code
	@tools/setup.sh dev
	@$(BIN)/python tools/settings_page.py

format: ## put the code into shape
	@tools/setup.sh dev
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock: ## pin the dependencies anew
	@tools/lock.sh

clean: ## remove what the other targets made, the data in var/ excepted
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache *.egg-info build
