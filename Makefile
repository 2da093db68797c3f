# Two commands are enough: `make demo` and `make test`. They need Python >= 3.11 with venv, and make.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
CODE := groupsolver benchmarks tests examples docs
WORKERS ?= auto
# Compiled tests are kept: without them each process that runs tests compiles all of them.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test test-slow integration check format bench pictures docs clean

demo: $(VENV)/.run
	$(BIN)/groupsolver place examples/shop.yaml --fleet examples/fleet.yaml --picture shop.html
	@echo; echo "The picture is in shop.html."

test: $(VENV)/.dev
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal $(ARGS)

# Ten times as many draws of each law.
test-slow: $(VENV)/.dev
	HYPOTHESIS_PROFILE=slow $(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal $(ARGS)

# What is too slow for every run: OpenStack's own clients, races between processes, faults, long fuzzing.
# PostgreSQL's part says so and is left out where its programs are missing.
integration: $(VENV)/.dev
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal -m integration $(ARGS)

check: $(VENV)/.dev
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/mypy --strict

format: $(VENV)/.dev
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

bench: $(VENV)/.run
	$(BIN)/python -m benchmarks.run
	$(BIN)/python -m benchmarks.serving

# The pictures of docs/policies.md, drawn anew.
pictures: $(VENV)/.run
	$(BIN)/python docs/pictures/make.py

# The site of the docs, in site/; its notebooks are run, and its links checked: with --quiet they would not be.
# It loads nothing from elsewhere.
docs: $(VENV)/.docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	@echo "The site is in site/index.html."

clean:
	rm -rf site $(VENV) .mypy_cache .pytest_cache .ruff_cache build dist *.egg-info shop.html

# The environment: pinned versions, the package itself installed in place. Built again, from nothing,
# when the declared or the pinned versions change.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

$(VENV)/.run: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "groupsolver needs Python >= 3.11, and '$(PYTHON)' is not that; try: make PYTHON=python3.11 $(MAKECMDGOALS)" >&2; \
	  exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || { \
	  echo "'$(PYTHON)' lacks the module venv or ensurepip; on Debian and Ubuntu: apt-get install python3-venv" >&2; \
	  exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	$(INSTALL) setuptools
	$(INSTALL) --no-build-isolation --editable '.[server]'
	@touch $@

$(VENV)/.dev: $(VENV)/.run
	$(INSTALL) --no-build-isolation --editable '.[dev]'
	@touch $@

$(VENV)/.docs: $(VENV)/.run
	$(INSTALL) --no-build-isolation --editable '.[docs]'
	@touch $@
