# Every target is one word. `make up` and `make test` need nothing but Python >= 3.11, make and git.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.SUFFIXES:
MAKEFLAGS += --no-print-directory --no-builtin-rules
# We start many processes: each keeps what it compiled for the next, whatever the shell around says.
export PYTHONDONTWRITEBYTECODE =
PYTHON ?= python3
PY := .venv/bin/python
CODE := core registry downloads licenses scanning catalog leaderboards serving experiments hub config
# The first Python that is new enough and starts for this user (a shim of another user may not).
FIND_PYTHON = for p in "$(PYTHON)" python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3 \
	/usr/local/bin/python3 /opt/homebrew/bin/python3; do \
	if "$$p" -Ic 'import sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then found=$$p; break; fi; done; \
	if [ -z "$$found" ]; then echo "make: no Python >= 3.11 found; install one or name it: make $@ PYTHON=/path/to/python3"; exit 1; fi

.PHONY: help setup tools up clients test test-clients lint types fix e2e bench bench-scan docs css lock check clean

help: ## Show this list
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1	/p' Makefile | expand -t 10

setup: ## Make .venv with what the yard runs on (SETUP=skip leaves it as it is)
	@[ "$(SETUP)" = skip ] || { $(FIND_PYTHON); "$$found" -I "$$PWD/config/bootstrap.py" run; }

tools: ## Make .venv with the tools for tests and lint as well
	@[ "$(SETUP)" = skip ] || { $(FIND_PYTHON); "$$found" -I "$$PWD/config/bootstrap.py" test; }

up: setup ## Start the yard at http://localhost:9083 (APP_PORT, STATE_DIR); Ctrl-C stops it
	@exec "$$PWD/$(PY)" -m config.yard up

clients: setup ## Make environments of three generations of Hub clients, which checks of the address then try
	@$(PY) -m config.clients "$${HUB_CLIENTS_DIR:-$${STATE_DIR:-var}/clients}"

test: tools ## Run all tests with the services they need, several at once (ARGS: those alone, one by one)
	@$(PY) -m pytest $(if $(ARGS),$(ARGS),-n auto)

test-clients: tools ## Run three generations of Hub clients against a whole yard (TORCH="torch sentence-transformers": with weights)
	@$(PY) -m config.clients var/clients $(TORCH)
	@RUN_CLIENTS=1 $(PY) -m pytest tests/clients $(ARGS)

e2e: tools ## Run the browser tests alone
	@$(PY) -m pytest tests/e2e $(ARGS)

lint: tools ## Look for style, type, layer, template and container file faults
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m djlint templates --check --lint --quiet
	@.venv/bin/lint-imports --no-cache --no-logo
	@.venv/bin/hadolint Dockerfile
	@.venv/bin/check-jsonschema --quiet --builtin-schema vendor.compose-spec docker-compose.yml
	@$(MAKE) types

types: tools ## Check the types
	@$(PY) -m mypy $(CODE)

fix: tools ## Mend what the linters can mend
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .
	@$(PY) -m djlint templates --reformat --quiet

check: lint test ## All that a merge needs

bench: tools ## Measure and print
	@$(PY) -m bench $(ARGS)

bench-scan: tools ## Compare our scanners with others on a corpus (CORPUS=folder)
	@$(PY) -m bench peers $(if $(CORPUS),--corpus $(CORPUS))

docs: tools ## Write the reference pages that are made from code
	@$(PY) -m config.reference

css: ## Compile the style sheet and the icon sprite (needs Node; the results are committed)
	@npm install --no-save --silent && npm run --silent build

lock: tools ## Compile the hashed locks from requirements*.in
	@for name in uv weights; do .venv/bin/uv pip compile -q --no-deps --generate-hashes --python-version 3.11 --universal \
		requirements-$$name.in -o requirements-$$name.txt || exit 1; done
	@for name in requirements requirements-dev $(basename $(wildcard requirements-clients/*.in)); do .venv/bin/uv pip compile -q --generate-hashes --python-version 3.11 \
		--universal $$name.in -o $$name.txt || exit 1; done

clean: ## Remove what can be made again; var/ stays
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache node_modules staticfiles
	@find $(CODE) tests bench -name __pycache__ -type d -prune -exec rm -rf {} +
