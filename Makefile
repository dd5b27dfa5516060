# Every target works from a fresh clone: the environment is made first, if it is not there or its pins changed.
.DEFAULT_GOAL := help
.PHONY: help environment browser lab calculator report test bench pictures refresh lock

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.made-from-pins
PORT ?= 8866
POOL ?= 2
REPORT ?=
# In a container one often is root, and Jupyter wants to be told that this is meant.
AS_ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' Makefile

environment: $(STAMP) ## makes .venv from the pins of requirements.txt (Python 3.11 or newer)

# --no-deps: the pins are complete, and leave out rfc3987-syntax on purpose (see requirements.in).
$(STAMP): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed; '$(PYTHON)' is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.11"; \
	  exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { \
	  echo "This Python cannot make environments; on Debian or Ubuntu: apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip --upgrade
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

browser: environment ## finds Chromium for the browser tests, and installs it where it can
	@$(BIN)/python .ci/find_browser.py --install

lab: environment ## JupyterLab on the workbook
	$(BIN)/jupyter lab --notebook-dir=. $(AS_ROOT) notebooks/00_start_here.ipynb

calculator: environment ## the managers' page, on http://127.0.0.1:8866 (PORT=..., POOL=ready kernels)
	$(BIN)/python -m costlib.serve --port $(PORT) --pool $(POOL)

report: environment ## a report: make report REPORT='monthly ...' (without it: the command's help)
	$(BIN)/costlib report $(or $(REPORT),--help)

test: environment ## everything CI runs: ruff, mypy, pytest, the notebooks, the pages in a browser
	$(BIN)/ruff check .
	$(BIN)/mypy
	@$(BIN)/python .ci/find_browser.py --install || test -z "$$CI"
	$(BIN)/python -m pytest
	$(BIN)/python -m pytest --nbval-lax notebooks

bench: environment browser ## times the planner, spot replays, commitments, anomalies and bills, and the calculator against a bare page
	$(BIN)/python -m tests.bench.planner
	$(BIN)/python -m tests.bench.spot
	$(BIN)/python -m tests.bench.commitments
	$(BIN)/python -m tests.bench.anomalies
	rm -rf build/bench/bill && $(BIN)/python -m tests.bench.billing build/bench/bill --rows 5000000
	$(BIN)/python -m tests.bench.browser

pictures: environment browser ## takes the README's pictures anew
	$(BIN)/python -m tests.browser.pictures

refresh: environment ## what the embedded snapshot is; live prices want AWS access
	@$(BIN)/costlib snapshot || true
	@echo "A live refresh needs AWS access; without it the workbook stays on the embedded snapshot."

lock: ## compiles requirements.in to requirements.txt again (needs uv: pip install uv)
	printf 'rfc3987-syntax; sys_platform == "never"\n' > .overrides.txt
	uv pip compile requirements.in --override .overrides.txt --python-version 3.11 --universal \
	  --custom-compile-command 'make lock' --output-file requirements.txt; \
	  status=$$?; rm -f .overrides.txt; exit $$status
