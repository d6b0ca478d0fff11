# Everything happens in .venv; PYTHON chooses the interpreter (3.11 or newer).
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
WEB := $(shell find web/src web/public web/index.html web/package-lock.json -type f 2>/dev/null)

.PHONY: run install test check unit e2e web docs fuzz format clean

run: install
	$(BIN)/mien serve $(ARGS)

install: $(STAMP)

# The build hook compiles the web app with a Node that comes as a Python package: nothing but pip is needed.
$(STAMP): pyproject.toml hatch_build.py constraints.txt $(WEB) | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable . --constraint constraints.txt
	@touch $@

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Mien needs Python 3.11 or newer: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv .venv

.venv/.installed-dev: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,train]' --constraint constraints.txt
	@touch $@

test: check unit e2e

check: .venv/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	MYPYPATH=src:tests/e2e $(BIN)/mypy tests/e2e/*.py
	$(BIN)/python scripts/web.py check test

unit: .venv/.installed-dev
	$(BIN)/python scripts/examples.py
	$(BIN)/python -m pytest --ignore tests/e2e

e2e: .venv/.installed-dev
	$(BIN)/python -m pytest tests/e2e

# The documentation site: build/docs/site/index.html.
docs: .venv/.installed-dev
	$(BIN)/python scripts/docs/build_docs.py

# Coverage-guided search for input that breaks the decoder or the socket protocol; see scripts/fuzz.py.
fuzz: .venv/.installed-dev
	$(BIN)/python scripts/fuzz.py $(or $(FUZZ_SECONDS),60)

format: .venv/.installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf .venv dist build src/mien/server/static web/node_modules
