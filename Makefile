# gandsl from a fresh machine: Python 3.11 to 3.13 and make are all that is needed.
#
#   make demo      train a GAN from its spec on real digits (minutes), and say where the image grid is
#   make test      lint, type check, import contracts, tests
#   make thorough  the tests that take longer: thousands of random specs, hundreds of spoiled runs
#
# Each sets up $(VENV) when it has to. Where a CUDA build of torch is too large, give pip the CPU wheels:
#   PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu make demo

# the first interpreter of a version that we support
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo $$p && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
RUN ?= runs/demo

# idle OpenMP threads sleep instead of spinning: on two busy cores training is several times faster
export OMP_WAIT_POLICY ?= PASSIVE

.DEFAULT_GOAL := help
.PHONY: help demo test lint pytest thorough bench clean

help:
	@sed -n 's/^#   \(make\)/  \1/p' Makefile

$(BIN)/python:
	@test -n '$(PYTHON)' || { echo 'gandsl needs Python 3.11, 3.12 or 3.13, and found none' >&2; exit 1; }
	@echo 'setting up $(VENV) with $(PYTHON) (once; torch is a large download)'
	@$(PYTHON) -m venv $(VENV)

# Stamps, so that a second run installs nothing. The larger set of packages serves the smaller stamp too.
$(VENV)/.user: pyproject.toml | $(BIN)/python
	@$(PIP) -e '.[all]'
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	@$(PIP) -e '.[dev]'
	@touch $(VENV)/.user $@

demo: $(VENV)/.user
	$(BIN)/gandsl compile specs/quickstart.yaml
	@rm -rf $(RUN)
	$(BIN)/gandsl train specs/quickstart.yaml --data mnist --run-dir $(RUN)

test: lint pytest

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# two workers: each imports torch and then keeps one thread busy (tests/conftest.py)
pytest: $(VENV)/.dev
	$(BIN)/python -m pytest -n 2

# what is too long for every change: by hand, before a release
thorough: $(VENV)/.dev
	$(BIN)/python -m pytest -n 2 -m thorough

bench: $(VENV)/.dev
	$(BIN)/python -m bench

clean:
	rm -rf .venv runs build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
