# The commands of the project; each makes the environment that it needs. `make help` lists them.
# A stage runs far slower where compiled modules may not be kept.
unexport PYTHONDONTWRITEBYTECODE
unexport PYTHONPATH
unexport VIRTUAL_ENV

PYTHON ?= python3
# resolved now, before this project's own environment comes first on PATH
SYSTEM_PYTHON := $(shell command -v $(PYTHON))
UV_VERSION := 0.13.9
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
export PATH := $(BIN):$(or $(PATH),/usr/local/bin:/usr/bin:/bin)
# an environment is bound to its place: where the folder was moved or copied it is made anew
PLACE := $(VENV)/.place
MOVED := $(shell [ ! -e $(PLACE) ] || [ "$$(cat $(PLACE))" = "$(CURDIR)" ] || rm -rf $(VENV))
# uv from PATH where there is one; otherwise from the package index, into .tools. What may hold a blank is quoted, and
# names of targets are relative: make itself would part them there
NEEDS_UV := $(if $(shell command -v uv 2>/dev/null),,.tools/bin/uv)
UV := "$(or $(shell command -v uv 2>/dev/null),.tools/bin/uv)"

.DEFAULT_GOAL := help
.PHONY: help reports test test-full lab lint docs types lock clean

help: ## list these commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14
	@echo "make reports DATASET=name builds one dataset."

reports: $(VENV)/.reports ## build every report that is out of date (DATASET=name: one dataset)
	@regulars reports $(DATASET)

test: $(VENV)/.test ## run the tests
	@python -m pytest -n auto

test-full: $(VENV)/.test ## run the tests with the slow proofs
	@python -m pytest -n auto -m "full or not full"

lab: $(VENV)/.reports ## open JupyterLab on the notebooks
	@jupyter lab --config=tools/jupyter_server_config.py

lint: $(VENV)/.test types ## check style of code and notebooks, and types
	@ruff check . && ruff format --check .

docs: $(VENV)/.docs ## build the reference of the library into docs/_build/site
	@python tools/reference.py docs/_build/pages && mkdocs build --quiet --config-file docs/mkdocs.yml

types: $(VENV)/.docs ## check the types of what is handed out
	@mypy

lock: $(NEEDS_UV) ## choose the newest versions that pyproject.toml admits, and write the lock files
	@rm -f uv.lock && $(UV) lock --quiet
	@$(UV) export --quiet --format requirements.txt --no-header --no-annotate --no-emit-project -o requirements.lock
	@$(UV) export --quiet --format requirements.txt --no-header --no-annotate --no-emit-project --extra test \
	  -o requirements-test.lock

clean: ## remove the environment and everything that the pipeline made
	@rm -rf $(VENV) .tools .staging scratch .dvc/cache .dvc/tmp data/raw data/clean data/scored
	@find models reports -mindepth 1 ! -name README.md -delete

.tools/bin/uv:
	@echo "installing uv"
	@"$(SYSTEM_PYTHON)" -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target .tools uv==$(UV_VERSION)

$(VENV)/bin/python: | $(NEEDS_UV)
	@"$(SYSTEM_PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Regulars needs Python 3.11 or newer; $(PYTHON) is older or not there: call make PYTHON=python3.11" >&2; exit 1; }
	@$(UV) venv --quiet --python "$(SYSTEM_PYTHON)" $(VENV)
	@printf '%s' "$(CURDIR)" > $(PLACE)

$(VENV)/.reports: requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo "installing the environment"
	@$(UV) pip install --quiet --python "$(BIN)/python" --require-hashes -r requirements.lock
	@$(UV) pip install --quiet --python "$(BIN)/python" --no-deps -e .
	@touch $@

$(VENV)/.test: requirements-test.lock $(VENV)/.reports
	@echo "installing what the tests need"
	@$(UV) pip install --quiet --python "$(BIN)/python" --require-hashes -r requirements-test.lock
	@touch $@

$(VENV)/.docs: requirements-test.lock pyproject.toml $(VENV)/.reports
	@echo "installing what the reference needs"
	@$(UV) pip install --quiet --python "$(BIN)/python" --constraint requirements-test.lock -e ".[docs,types]"
	@touch $@
