# make demo: the whole workflow on generated data of all three challenges, ending with results/report.html
# make test: all tests but the longest, which `make test-long` runs
# make wheels: dist/ with everything to install elsewhere
# make models: dist/models/ with the models of the demo, to answer data elsewhere
# Each sets up everything it needs first, in .venv; nothing else on the machine is touched.

PYTHON ?= python3
BIN := .venv/bin
PLUGINS := $(wildcard plugins/*)
INSTALL := $(BIN)/pip install --quiet --constraint constraints.txt
DEMO := .venv/installed-demo
TEST := .venv/installed-test
PROJECTS := constraints.txt pyproject.toml $(wildcard plugins/*/pyproject.toml)
# The stage command must be the one of .venv, also for jobs that Snakemake starts.
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: demo test test-docs test-kills wheels models lint clean help
help:
	@sed -n '1,5p' Makefile

$(BIN)/pip:
	@$(PYTHON) -m venv .venv

$(DEMO): $(PROJECTS) | $(BIN)/pip
	@echo "Setting up .venv (a few minutes the first time)"
	@$(INSTALL) --editable ".[workflow]" $(PLUGINS:%=--editable ./%)
	@touch $@

# Tests cover what is optional too.
$(TEST): $(DEMO)
	@echo "Adding what the tests need to .venv"
	@$(INSTALL) --editable ".[workflow,slurm,dev]" $(PLUGINS:%=--editable ./%)
	@touch $@

demo: $(DEMO)
	@echo "Running the demo of all three challenges"
	@$(BIN)/snakemake --cores all

test: $(TEST)
	@echo "Running all tests"
	$(BIN)/python -m pytest --numprocesses auto -m "not long"

# What takes minutes each: five kinds of challenges from outside, kills, odd folders and full disks, a network that learns.
test-long: $(TEST)
	$(BIN)/python -m pytest --numprocesses auto -m long

# Half an hour, with a network: README and tutorials as a reader types them.
test-docs: $(TEST)
	rm -rf .as-typed
	$(BIN)/python tests/docs/as_typed.py .as-typed
	$(BIN)/python tests/docs/with_mlflow.py .as-typed/with-mlflow
	rm -rf .as-typed

# Half an hour: thirty SIGKILLs of a small demo of all three challenges, and no byte is another.
test-kills: $(TEST)
	rm -rf .kills
	$(BIN)/python tests/launching/kill_runs.py .kills
	rm -rf .kills

# What an earlier build left would go into the wheels.
wheels: $(DEMO)
	rm -rf dist build plugins/*/build
	$(BIN)/pip wheel --quiet --no-deps --wheel-dir dist . $(PLUGINS:%=./%)
	cp constraints.txt dist
	$(BIN)/python -m challengeflow.bill constraints.txt dist/*.whl
	rm -rf build plugins/*/build

# After `make wheels`, which empties dist. What a release attaches.
models: demo
	$(BIN)/challengeflow model export --to dist/models

lint: $(TEST)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/snakefmt --check Snakefile workflow plugins
	$(BIN)/snakemake --lint

clean:
	rm -rf results .snakemake .as-typed .kills .pytest_cache .ruff_cache .mypy_cache .import_linter_cache
	find . -name __pycache__ -not -path './.venv/*' -exec rm -rf {} +
