# Every target makes what it needs: `make demo` on a fresh machine with Python 3.11 and nothing else.
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow lint type docs bench clean browser

help:  ## this list
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 18

demo: $(VENV)/.demo  ## a synthetic table from the shipped sample of real data, audited, with its report, in out/demo
	$(BIN)/fidelia run adult --target income --out out/demo --seed 0

test: $(VENV)/.test browser lint type  ## everything that must hold: ruff, mypy --strict, pytest
	$(BIN)/python -m pytest -n $(WORKERS)

test-slow: $(VENV)/.test browser  ## the tests that take minutes
	$(BIN)/python -m pytest -m slow

lint: $(VENV)/.test  ## ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

type: $(VENV)/.test  ## mypy --strict
	$(BIN)/mypy

docs: $(VENV)/.docs  ## the documentation as a site, in docs/_build/html
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html

bench: $(VENV)/.bench  ## the table of benchmarks/RESULTS.md, measured with the acceptance protocol
	$(BIN)/python benchmarks/speed.py
	$(BIN)/python benchmarks/table.py

clean:  ## forget the virtual environment and all outputs
	rm -rf $(VENV) out docs/_build docs/made docs/metrics docs/reference docs/reference.md docs/examples.md docs/verbs/index.md .pytest_cache .mypy_cache .ruff_cache .hypothesis

browser:  ## chromium for the page's tests: installed when missing, on Debian as root; the tests skip without it
	@command -v chromium chromium-browser google-chrome >/dev/null 2>&1 || \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; \
	else echo "no chromium found: the browser tests will be skipped"; fi

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: $(BIN)/python pyproject.toml constraints.txt
	$(INSTALL) -e .
	@touch $@

$(VENV)/.test: $(BIN)/python pyproject.toml constraints.txt
	$(INSTALL) -e '.[test]'
	@touch $@ $(VENV)/.demo

$(VENV)/.docs: $(BIN)/python pyproject.toml constraints.txt
	$(INSTALL) -e '.[docs]'
	@touch $@ $(VENV)/.demo

$(VENV)/.bench: $(BIN)/python pyproject.toml constraints.txt
	$(INSTALL) -e '.[bench]'
	@touch $@ $(VENV)/.demo
