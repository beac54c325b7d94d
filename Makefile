# make demo    evaluate the bundled model on the bundled images
# make test    run the tests
# make check   lint, types and tests: what has to pass before a commit
# make help    all targets

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt

.DEFAULT_GOAL := help
.PHONY: help demo test test-wheel check lint types format benchmark clean

help:
	@grep -E '^# make ' Makefile | sed 's/^# //'

$(VENV)/.python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "vecbench needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.demo: $(VENV)/.python pyproject.toml constraints.txt
	@echo "Installing vecbench into $(VENV) (a few minutes the first time)"
	$(PIP) --editable '.[hf]'
	@touch $@

$(VENV)/.test: $(VENV)/.demo
	$(PIP) --editable '.[hf,dev,oracles]'
	@touch $@

demo: $(VENV)/.demo
	$(BIN)/vecbench demo

test: $(VENV)/.test
	$(BIN)/pytest

# make test-wheel    build the wheel, install it into an empty environment, run the demo there
test-wheel: $(VENV)/.test
	$(BIN)/pytest -m wheel

# make lint    ruff, without changing anything
lint: $(VENV)/.test
	$(BIN)/ruff check
	$(BIN)/ruff format --check

# make types    mypy, strict
types: $(VENV)/.test
	$(BIN)/mypy

check: lint types test

# make format    let ruff mend what it can
format: $(VENV)/.test
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# make benchmark    measure memory, speed, and the coverage of the intervals (minutes)
benchmark: $(VENV)/.test
	$(BIN)/python benchmarks/memory.py
	$(BIN)/python benchmarks/metrics.py
	$(BIN)/python benchmarks/interval_coverage.py

clean:
	rm -rf $(VENV) results build dist
