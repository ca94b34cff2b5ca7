# Every target sets up by itself what it uses: it needs Python 3.10 or newer, bash, and the network the first time.
# Name another Python with `make PYTHON=python3.13 ...`, and give pytest more arguments with `make test ARGS="-k arn"`.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help environment synth test test-oldest test-newest coverage mutants e2e smoke lint typecheck fmt bench docs site pins clean

PYTHON ?= python3
ARGS ?=

ifeq ($(OS),Windows_NT)
PROGRAMS := Scripts
else
PROGRAMS := bin
endif
PY := .venv/$(PROGRAMS)/python
UV := $(PY) -m uv
OLDEST := .cache/oldest
# Percent of lines and branches that `make coverage` demands: what the tests reached when this was last raised.
COVERED := 97
NEWEST := .cache/newest
SITE := .cache/site
SITE_PY := .cache/site-environment

# The machine's own certificates count too, as a company's proxy may need.
export UV_SYSTEM_CERTS ?= true
export NODE_USE_SYSTEM_CA ?= 1
export NODE_COMPILE_CACHE ?= $(CURDIR)/.cache/node
export CDK_DISABLE_CLI_TELEMETRY := true
# An environment that happens to be active is not the one to use.
unexport VIRTUAL_ENV
# Each of the many processes of a test run would compile aws-cdk-lib, which takes 6 seconds.
unexport PYTHONDONTWRITEBYTECODE

help: ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):[^#]*## /  \1: /p' Makefile

environment: ## set up .venv and node_modules, unless they are as they should be
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
		echo "cdk-layers cannot be set up: it needs Python 3.10 or newer, and $(PYTHON) is" \
		"$$($(PYTHON) --version 2>/dev/null || echo not there). Install one, or name yours: make PYTHON=python3.13 ..." >&2; \
		exit 1; }
	@$(PYTHON) tools/environment.py

synth: environment ## synthesize the sample app with the CDK CLI: real layers, no Docker, no AWS account
	@PATH="$$PWD/.venv/$(PROGRAMS):$$PATH" node_modules/.bin/cdk synth --quiet $$($(PY) -m tools.sample_context) $(ARGS)
	@$(PY) -m cdk_layers.cli sizes cdk.out

test: environment ## run every test
	$(PY) -m pytest -n auto $(ARGS)

test-oldest: environment ## run the tests of builds and constructs with the oldest dependencies that pyproject.toml admits
	$(UV) --quiet venv --clear --python $(PY) $(OLDEST)
	$(UV) --quiet pip sync --python $(OLDEST) --require-hashes requirements/oldest.txt
	$(UV) --quiet pip install --python $(OLDEST) --no-deps --editable .
	$(OLDEST)/$(PROGRAMS)/python -m pytest -n auto $(or $(ARGS),tests/building tests/contents tests/store tests/cdk tests/test_package.py)

test-newest: environment ## run the same tests with the newest dependencies there are
	$(UV) --quiet venv --clear --python $(PY) $(NEWEST)
	$(UV) --quiet pip install --upgrade --python $(NEWEST) --editable . -r requirements/test.in
	$(UV) pip freeze --python $(NEWEST) | grep -E '^(aws-cdk-lib|jsii|constructs|uv)='
	$(NEWEST)/$(PROGRAMS)/python -m pytest -n auto $(or $(ARGS),tests/building tests/contents tests/store tests/cdk tests/test_package.py)

coverage: environment ## run every test, and fail below the lines and branches that the tests reached so far
	mkdir -p .cache/coverage
	$(PY) -m coverage erase
	$(PY) -m coverage run -m pytest -n auto $(ARGS)
	-$(PY) -m coverage combine --quiet # tests kill processes, which leave half a file
	$(PY) -m coverage report --fail-under=$(COVERED)

mutants: environment ## change the code in many small ways, and list the changes that no test notices
	$(PY) tools/mutants.py $(ARGS)

e2e: environment ## deploy the sample app to a local AWS with the real CDK CLI
	$(PY) -m pytest tests/e2e $(ARGS)

smoke: environment ## build sdist and wheel, and use them in an environment of their own
	$(PY) tools/smoke.py $(ARGS)

lint: environment typecheck ## check style, format, types, and that the generated pages in docs/ are up to date
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m tools.documents --check
	$(PY) -m tools.plain_words

typecheck: environment ## check types
	$(PY) -m mypy

fmt: environment ## put the code into its format
	$(PY) -m ruff check --fix
	$(PY) -m ruff format

bench: environment ## measure, side by side with other tools
	$(PY) -m benchmarks $(ARGS)

docs: environment ## make the pages of rules, commands and settings in docs/ from the code
	$(PY) -m tools.documents

site: environment ## build the documentation site into .cache/site/public, and check its links
	$(UV) --quiet venv --allow-existing --python $(PY) $(SITE_PY)
	$(UV) --quiet pip sync --python $(SITE_PY) --require-hashes requirements/site.txt
	rm -rf $(SITE) && mkdir -p $(SITE)
	cp -R docs src CHANGELOG.md SECURITY.md zensical.toml $(SITE)
	cd $(SITE) && "$(CURDIR)/$(SITE_PY)/$(PROGRAMS)/python" -m zensical build --strict
	@echo "Read it: $(PY) -m http.server --bind 127.0.0.1 --directory $(SITE)/public"

COMPILE := pip compile --quiet --universal --generate-hashes --no-header --python-version 3.10
pins: environment ## pin anew what the requirements/*.in files and pyproject.toml ask for
	$(UV) $(COMPILE) --upgrade pyproject.toml requirements/dev.in -o requirements/dev.txt >/dev/null
	$(UV) $(COMPILE) requirements/uv.in -o requirements/uv.txt >/dev/null
	$(UV) $(COMPILE) --upgrade requirements/local-aws.in -o requirements/local-aws.txt >/dev/null
	$(UV) $(COMPILE) --upgrade requirements/site.in -o requirements/site.txt >/dev/null
	$(UV) $(COMPILE) --resolution lowest-direct pyproject.toml requirements/test.in -o requirements/oldest.txt >/dev/null

clean: ## remove everything that these targets made
	rm -rf .venv .cache node_modules cdk.out dist .hypothesis .ruff_cache .mypy_cache
