# gandsl from a fresh machine: Python 3.11 to 3.13 and make are all that is needed.
#
#   make demo      train a GAN from its spec on real digits (minutes), and say where the image grid is
#   make test      lint, type check, import contracts, tests
#   make thorough  the tests that take longer: thousands of random specs, hundreds of spoiled runs
#   make oldest    the tests with the oldest releases that we admit; make front  those that need no torch
#
# Each sets up $(VENV) when it has to. Where a CUDA build of torch is too large, give pip the CPU wheels:
#   PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu make demo

# the first interpreter of a version that we support
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo $$p && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --progress-bar off
RUN ?= runs/demo

# idle OpenMP threads sleep instead of spinning: on two busy cores training is several times faster
export OMP_WAIT_POLICY ?= PASSIVE

.DEFAULT_GOAL := help
.PHONY: help demo test lint pytest thorough oldest front bench elkjs clean

help:
	@sed -n 's/^#   \(make\)/  \1/p' Makefile

$(BIN)/python:
	@test -n '$(PYTHON)' || { echo 'gandsl needs Python 3.11, 3.12 or 3.13, and found none' >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

# Installs $(1) and shows meanwhile what pip is at: on a terminal one line that changes, elsewhere a line every
# half minute. What pip said is in $(VENV)/setup.log, and shown where it failed.
define install
	@echo 'setting up $(VENV) with $(PYTHON), once; about 2 minutes with the CPU wheels of torch (0.4 GB to load),'; \
	echo 'about 10 at 50 Mbit/s with its CUDA build (3 GB)'; \
	$(PIP) -e '$(1)' >$(VENV)/setup.log 2>&1 & pip=$$!; trap 'kill $$pip 2>/dev/null; echo; exit 130' INT TERM; \
	seconds=0; while kill -0 $$pip 2>/dev/null; do \
		said=$$(printf '  %d:%02d min  %s' $$((seconds / 60)) $$((seconds % 60)) "$$(tail -n 1 $(VENV)/setup.log | cut -c 1-60)"); \
		if [ -t 1 ]; then printf '\r\033[K%s' "$$said"; \
		elif [ $$((seconds % 30)) = 29 ]; then echo "$$said"; fi; \
		sleep 1; seconds=$$((seconds + 1)); \
	done; [ ! -t 1 ] || printf '\r\033[K'; \
	wait $$pip || { tail -n 20 $(VENV)/setup.log >&2; exit 1; }
	@touch $@
endef

# Stamps, so that a second run installs nothing. The larger set of packages serves the smaller stamp too.
$(VENV)/.user: pyproject.toml | $(BIN)/python
	$(call install,.[all])

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	$(call install,.[dev])
	@touch $(VENV)/.user

demo: $(VENV)/.user
	$(BIN)/gandsl compile specs/quickstart.yaml
	$(BIN)/gandsl train specs/quickstart.yaml --data mnist --run-dir $(RUN) --continue
	@echo
	@echo 'next:'
	@echo '  $(BIN)/gandsl sample $(RUN) --classes 0-9 --seeds 100-115 -o digits.png   # others, a row a class'
	@echo '  $(BIN)/gandsl train $(RUN) --set training.length="80 kimg" --change   # goes on, for longer'
	@echo '  $(BIN)/gandsl diff specs/quickstart.yaml specs/quickstart_r1.yaml   # a spec is changed by a patch'
	@echo '  $(BIN)/gandsl train specs/tiny.yaml --data PHOTOS   # the next spec: colour, a folder or zip of your images'

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

# the same tests with the oldest release of each dependency that pyproject.toml admits
oldest: $(VENV)-oldest/.dev
	$(VENV)-oldest/bin/python -m pytest -n 2

$(VENV)-oldest/.dev: pyproject.toml
	$(PYTHON) -m venv $(VENV)-oldest
	$(PYTHON) tests/requirements.py oldest > $(VENV)-oldest/oldest.txt
	$(VENV)-oldest/bin/python -m pip --disable-pip-version-check install --quiet -c $(VENV)-oldest/oldest.txt -e '.[dev]'
	@touch $@

# what the front half promises without torch: make front PYTHON=python3.13
front: $(VENV)-front/.dev
	$(VENV)-front/bin/python -m pytest -n 2

$(VENV)-front/.dev: pyproject.toml
	$(PYTHON) -m venv --clear $(VENV)-front
	$(PYTHON) tests/requirements.py front > $(VENV)-front/front.txt
	$(VENV)-front/bin/python -m pip --disable-pip-version-check install --quiet -r $(VENV)-front/front.txt
	@touch $@

bench: $(VENV)/.dev
	$(BIN)/python -m bench

# the layout engine of the graph page, from npm: make elkjs ELKJS=0.12.1
ENGINE := gandsl/graph/vendor/elkjs
elkjs:
	@test -n '$(ELKJS)' || { echo 'which release? make elkjs ELKJS=0.12.1' >&2; exit 1; }
	mkdir -p build && cd build && npm pack --silent elkjs@$(ELKJS)
	tar -xzf build/elkjs-$(ELKJS).tgz -C build package/lib/elk-worker.min.js package/LICENSE.md
	cp build/package/lib/elk-worker.min.js build/package/LICENSE.md $(ENGINE)
	echo '$(ELKJS)' > $(ENGINE)/VERSION
	cd $(ENGINE) && sha256sum elk-worker.min.js LICENSE.md > SHA256SUMS

clean:
	rm -rf .venv .venv-oldest .venv-front runs build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
