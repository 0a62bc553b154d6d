# Two commands do everything: `make demo` and `make test`. Needs Python >= 3.11 and make.
FITS := import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c '$(FITS)' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
unexport PYTHONDONTWRITEBYTECODE  # many processes start here, and each would compile everything anew

.DEFAULT_GOAL := help
.PHONY: help demo test check fix lock bench ratios chaos endurance clean

help:  ## what make can do here
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: .venv/ready  ## a running shop on this machine; Ctrl-C stops it
	@$(BIN)/arus demo

test: .venv/ready  ## everything that must be true, on a real Kafka, DuckDB and browser
	@$(BIN)/pytest -n auto

check: .venv/ready  ## format, lint, types, the rooms' laws, schemas, compose file
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m pipeline.contracts
	@$(BIN)/docker-compose -f docker-compose.yml config -q

fix: .venv/ready  ## formats and mends what can be mended by itself
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock: .venv/uv  ## pins every dependency by hash anew
	@.venv/uv/bin/uv pip compile --quiet --python-version 3.11 --universal --generate-hashes --no-emit-index-url \
		--no-annotate --no-header --group dev pyproject.toml -o requirements.lock

bench: .venv/ready  ## what it does in a second, with the machine stated
	@$(BIN)/python -m tests.benchmarks

ratios: .venv/ready  ## what each step costs beside a reference of the same run; fails when it is a quarter more
	@$(BIN)/python -m tests.benchmarks.ratios

chaos: .venv/ready  ## harms everything in turn and counts what was lost
	@$(BIN)/python -m tests.chaos

endurance: .venv/ready  ## an hour at 500 webhooks, 3,500 records a second: everything must stay flat
	@$(BIN)/python -m tests.endurance

clean:  ## forgets the environment and all data of this machine
	rm -rf .venv .arus

.venv/uv:
	@test -n "$(PYTHON)" || { echo "Arus needs Python 3.11, 3.12 or 3.13; none of them is on the PATH" >&2; exit 1; }
	@echo "making .venv (once)"
	@$(PYTHON) -m venv .venv/uv && .venv/uv/bin/pip install --quiet uv

.venv/ready: .venv/uv requirements.lock pyproject.toml
	@.venv/uv/bin/uv venv --quiet --allow-existing --python $(PYTHON) .venv
	@.venv/uv/bin/uv pip sync --compile-bytecode --python $(BIN)/python --require-hashes requirements.lock
	@.venv/uv/bin/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch .venv/ready
