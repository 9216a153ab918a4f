# Needs Python 3.11 or newer with pip; everything else goes into $(VENV).
#   make demo DATA=my.csv TARGET=label CATEGORICAL=colour,shape

PYTHON ?= python3
DATA ?=
TARGET ?=
CATEGORICAL ?=
JOBS ?= 2
VENV := .venv
LOWEST := .venv-lowest
PICTURE := out/comparison.png

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-lowest check audit lint docs clean

help:
	@echo "make setup   install into $(VENV) (done once; PYTHON=... chooses the interpreter)"
	@echo "make demo    compare over-samplers, draw $(PICTURE)"
	@echo "             on your own table: make demo DATA=my.csv TARGET=label [CATEGORICAL=a,b]"
	@echo "make test    formatting, lint, types, layers, then the tests"
	@echo "make check   the same, then known vulnerabilities of the dependencies (needs the registry)"
	@echo "make test-lowest  the tests on the lowest declared versions, in $(LOWEST)"
	@echo "make lint    the same without the tests"
	@echo "make docs    the documentation site, into docs/_build/html (runs the examples)"
	@echo "make clean   remove $(VENV), out and caches"

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$(PYTHON) is missing or older than Python 3.11;" \
			"name another one: make setup PYTHON=python3.11" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install -q -c constraints.txt -e ".[cli,plots,test,docs]"
	@touch $@

demo: $(VENV)/.ready
	$(VENV)/bin/imbgen compare $(if $(DATA),"$(DATA)") $(if $(TARGET),--target "$(TARGET)") \
		$(if $(CATEGORICAL),--categorical "$(CATEGORICAL)") --picture $(PICTURE) --jobs $(JOBS)

# One thread each: the tensors are small, and threads would wait for each other.
test: lint
	OMP_NUM_THREADS=1 $(VENV)/bin/python -m pytest -n 2

# Deprecations that old libraries meet in new ones are not ours; the benchmarks are for the
# versions of constraints.txt.
test-lowest: $(LOWEST)/.ready
	$(LOWEST)/bin/python -m pytest -n $(JOBS) --ignore tests/benchmarks --disable-warnings \
		-W default::DeprecationWarning -W default::PendingDeprecationWarning

$(LOWEST)/.ready: pyproject.toml constraints.txt .ci/lowest_pins.py
	$(PYTHON) -m venv $(LOWEST)
	$(PYTHON) .ci/lowest_pins.py > $(LOWEST)/lowest.txt
	$(LOWEST)/bin/python -m pip install -q -r $(LOWEST)/lowest.txt
	$(LOWEST)/bin/python -m pip install -q --no-deps -e .
	@touch $@

check: test audit

audit: $(VENV)/.ready
	$(VENV)/bin/python -m pip install -q -c constraints.txt -e ".[audit]"
	@$(VENV)/bin/pip-audit --strict --no-deps --disable-pip -r constraints.txt || { \
		echo "make check: a dependency has a known vulnerability, or could not be audited:" \
			"without the advisories of the registry nothing is known of it" >&2; exit 1; }

lint: $(VENV)/.ready
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/ruff check
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

docs: $(VENV)/.ready
	$(VENV)/bin/sphinx-build -W --keep-going -q -b html docs docs/_build/html

clean:
	rm -rf $(VENV) $(LOWEST) out docs/_build docs/auto_examples docs/generated build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
