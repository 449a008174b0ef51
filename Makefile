# Anodewatch: one word for each thing a developer does. Everything lives in .venv and dashboards/web.
# Needs Python >= 3.11, make and the package registries; Node comes from the machine or from PyPI.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := .make
SITE ?= deploy/sites/changzhi
PACKAGES := service connectors dashboards
PYTEST := $(BIN)/python -m pytest --numprocesses 3 --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help setup demo test zones torture bench check format web wheel lock clean

help: ## what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(STAMP)/venv: requirements.lock
	@echo "== Python packages"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@mkdir -p $(STAMP) && touch $@

$(STAMP)/dev: requirements-dev.lock $(STAMP)/venv
	@echo "== Python packages for development"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@mkdir -p $(STAMP) && touch $@

web: $(STAMP)/dev ## build the dashboard (only when its sources changed)
	@$(BIN)/python -m dashboards.build

setup: $(STAMP)/dev web ## everything that development needs

demo: setup ## a plant, the service and a webhook receiver on this desk
	@exec $(BIN)/anodewatch demo $(SITE) $(ARGS)

$(STAMP)/tools: deploy/install-test-tools
	@echo "== Browser and InfluxDB for the tests"
	@deploy/install-test-tools
	@mkdir -p $(STAMP) && touch $@

test: setup $(STAMP)/tools ## every test, within minutes
	@$(PYTEST) $(ARGS)

zones: setup $(STAMP)/tools ## the same tests with the site at +05:30 and where clocks change
	@for zone in Asia/Kolkata Europe/Berlin; do echo "== $$zone"; \
	  ANODEWATCH_SITE_ZONE=$$zone $(PYTEST) $(ARGS) || exit 1; done

torture: setup $(STAMP)/tools zones ## in every zone, and with the full counts of the fault campaigns
	@ANODEWATCH_TORTURE=1 $(PYTEST) --timeout 3600 $(ARGS)

bench: setup ## figures, as JSON
	@$(BIN)/python -m tests.bench $(ARGS)

check: $(STAMP)/dev ## format, lint, types, layers
	@$(BIN)/ruff format --check --quiet . || { echo "run: make format"; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/python -m dashboards.build --run check
	@$(BIN)/lint-imports --no-logo --quiet 2>/dev/null || $(BIN)/lint-imports
	@echo "check: clean"

format: $(STAMP)/dev ## bring the code into its form
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --fix --quiet .

wheel: setup ## build the wheel into dist/
	@$(BIN)/python -m hatchling build -t wheel

lock: $(STAMP)/dev ## pin the dependencies anew
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-annotate --no-header pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-annotate --no-header --extra dev pyproject.toml -o requirements-dev.lock

clean: ## remove what was built
	@rm -rf $(VENV) $(STAMP) dist dashboards/web/dist dashboards/web/node_modules
