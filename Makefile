# Everything runs from a virtual environment of its own; paths are relative, so that spaces in the
# checkout's path do no harm.
PYTHON ?= python3
VENV   := .venv
RUN    := $(VENV)/bin/python
PYTEST := $(RUN) -m pytest --durations=15
BESIDE := --numprocesses=logical --dist=loadgroup
READY  := $(VENV)/.ready

.PHONY: help demo test test-fast lint contracts mutants soak format clean lock

help: ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; set PYTHON=/path/to/python3") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV) || ($(PYTHON) -m pip install virtualenv && $(PYTHON) -m virtualenv $(VENV))
	$(RUN) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $(READY)

demo: $(READY) ## emulated ERP -> DuckDB, twice, and three answers from SQL
	$(RUN) -m acumatica_source.cli demo

test: lint ## linter, type checker and every test
	$(PYTEST) $(BESIDE) -m 'not alone'
	$(PYTEST) -m alone

test-fast: lint ## the same without the tests that take longer than a few seconds
	$(PYTEST) $(BESIDE) -m 'not alone and not slow'
	$(PYTEST) -m 'alone and not slow'

lint: $(READY) ## linter, formatter check and type checker
	$(RUN) -m ruff check --output-format concise .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy

contracts: $(READY) ## real contracts rewritten as later servers write them, loaded and compared
	$(RUN) -m tests.contracts.run

mutants: $(READY) ## faults put in one at a time, and whether tests notice [MODULES= SEED= COUNT= JOBS=]
	$(RUN) -m tests.mutants.run $(MODULES) $(and $(SEED),--seed $(SEED)) \
	  $(and $(COUNT),--count $(COUNT)) $(and $(JOBS),--jobs $(JOBS))

soak: $(READY) ## random histories of datasets while all goes wrong [HISTORIES= SEED= JOBS= ONLY=]
	$(RUN) -m tests.soak.run $(and $(HISTORIES),--histories $(HISTORIES)) \
	  $(and $(SEED),--seed $(SEED)) $(and $(JOBS),--jobs $(JOBS)) $(and $(ONLY),--only $(ONLY))

format: $(READY) ## format and sort imports
	$(RUN) -m ruff check --fix .
	$(RUN) -m ruff format .

lock: $(READY) ## write constraints.txt anew from the installed versions
	$(RUN) -m pip freeze --exclude-editable --exclude pip > constraints.txt

clean: ## remove the environment and what the demo wrote
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache acumatica_demo.duckdb
