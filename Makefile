# Two commands do everything on a machine with python3 >= 3.11, pip and make: `make run` and `make test`.
PYTHON ?= python3
VENV ?= .venv
SCENARIO ?= industry_transfer
WORKERS ?= 2

PY := $(VENV)/bin/python
SIM := $(VENV)/bin/sim
INSTALL := $(PY) -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: install install-dev run browser test bench fuzz lint constraints clean

install: $(VENV)/.installed
install-dev: $(VENV)/.installed-dev

# Debian's python3 may lack ensurepip: then the machine's own pip fills the environment.
$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' \
		|| { echo "error: Python 3.11 to 3.13 is needed; name one with PYTHON=..." >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV) 2>/dev/null \
		|| { $(PYTHON) -m venv --clear --without-pip $(VENV) && $(PYTHON) -m pip --python $(PY) install --quiet pip; }

$(VENV)/.installed: pyproject.toml constraints.txt | $(PY)
	$(INSTALL) -e .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml constraints.txt | $(PY)
	$(INSTALL) -e '.[dev]'
	@touch $@ $(VENV)/.installed

run: install
	$(SIM) run $(SCENARIO)

# Some tests open the report in a browser: the one on PATH, else Debian's, else this step fails.
browser:
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null \
		|| { apt-get -qq update && apt-get -qq install -y chromium >/dev/null; }

test: install-dev browser
	$(PY) -m pytest -n $(WORKERS) $(ARGS)

bench: install-dev
	$(PY) -m benchmarks

fuzz: install-dev
	HYPOTHESIS_PROFILE=fuzz $(PY) -m pytest -n $(WORKERS) -m "not slow"

lint: install-dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

# One file for all extras and all supported Pythons, without addresses; UPGRADE=--upgrade takes newer versions.
constraints: install-dev
	$(PY) -m pip install --quiet --disable-pip-version-check uv
	$(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --all-extras \
		--no-emit-index-url --no-emit-find-links --no-header --no-annotate $(UPGRADE) pyproject.toml -o constraints.txt

clean:
	rm -rf $(VENV) .ci-venv .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache dist build
	find sim tests -name __pycache__ -type d -prune -exec rm -rf {} +
