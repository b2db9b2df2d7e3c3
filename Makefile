# Every target sets itself up from an empty checkout; only python3 >= 3.11 is needed.

PYTHON ?= python3
JOBS ?= 2

BIN := .venv/bin
UV := $(BIN)/uv
READY := .venv/ready
DOCS_READY := .venv/docs-ready
PINS := requirements/dev.txt
DOCS_PINS := requirements/docs.txt
COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 \
	--no-header --no-annotate --generate-hashes

.DEFAULT_GOAL := help
.PHONY: help run test lint bench rivals torture docs package pins clean

help:  ## Show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-14s %s\n", $$1, $$2 }'

run: $(READY)  ## Run the example: an agent's memory at work
	$(BIN)/python examples/main_job.py

test: lint  ## Check style and types, then run the tests
	$(BIN)/pytest -n $(JOBS)

lint: $(READY)  ## Check style and types only
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

bench: $(READY)  ## Measure speed on this machine
	$(BIN)/python bench/speed.py --write docs/speed.md
	$(BIN)/python bench/where.py --write docs/speed.md

rivals: $(READY)  ## Measure beside other memories; installs them
	$(BIN)/python bench/rivals.py --write docs/comparison.md

torture: $(READY)  ## Run every test with its full figures: many minutes
	AMBERFILE_TORTURE=1 $(BIN)/pytest -n $(JOBS) -m "torture or not torture"

docs: $(DOCS_READY)  ## Build the documentation into build/docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	@echo "open build/docs/index.html"

package: $(READY)  ## Build the wheel, and try it in an empty environment
	$(BIN)/python tools/package.py

pins: $(UV)  ## Pin the newest packages in requirements/
	echo uv | $(COMPILE) --upgrade --output-file requirements/uv.txt -
	$(COMPILE) --upgrade --extra test --extra yaml --group dev --output-file $(PINS) pyproject.toml
	$(COMPILE) --upgrade --group docs --constraint $(PINS) --output-file $(DOCS_PINS) pyproject.toml

clean:  ## Remove what was made, .venv too
	rm -rf .venv .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(UV): requirements/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "amberfile needs Python 3.11 or later; choose one: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv --clear .venv >/dev/null 2>&1 \
		|| { echo "$(PYTHON) cannot make a virtual environment; on Debian or Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

$(READY): $(UV) pyproject.toml $(PINS)
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r $(PINS)
	@$(UV) pip install --quiet --python $(BIN)/python --no-build-isolation --no-deps --editable .
	@touch $@

$(DOCS_READY): $(READY) $(DOCS_PINS)
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r $(DOCS_PINS)
	@touch $@
