# Everything runs from a virtual environment of its own; paths are relative, so that spaces in the
# checkout's path do no harm.
PYTHON ?= python3
VENV   := .venv
RUN    := $(VENV)/bin/python
READY  := $(VENV)/.ready

.PHONY: help demo test lint format clean lock

help: ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; set PYTHON=/path/to/python3") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV) || ($(PYTHON) -m pip install virtualenv && $(PYTHON) -m virtualenv $(VENV))
	$(RUN) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $(READY)

demo: $(READY) ## emulated ERP -> DuckDB, twice, and three answers from SQL
	$(RUN) -m acumatica_source.cli demo

test: $(READY) lint ## linter, type checker and every test
	$(RUN) -m pytest

lint: $(READY) ## linter, formatter check and type checker
	$(RUN) -m ruff check --output-format concise .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy

format: $(READY) ## format and sort imports
	$(RUN) -m ruff check --fix .
	$(RUN) -m ruff format .

lock: $(READY) ## write constraints.txt anew from the installed versions
	$(RUN) -m pip freeze --exclude-editable --exclude pip > constraints.txt

clean: ## remove the environment and what the demo wrote
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache acumatica_demo.duckdb
