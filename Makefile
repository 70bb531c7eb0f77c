# make demo: set everything up and run the main job. make test: everything CI checks.
VENV   := .venv
PY     := $(VENV)/bin/python
STAMP  := $(VENV)/.installed
PYTHON ?= python3
JOBS   ?= 2

.PHONY: demo test check format lint types imports unit test-slow lock clean

demo: $(STAMP)
	$(VENV)/bin/segtrial demo

test: check unit

check: format lint types imports

format: $(STAMP)
	$(VENV)/bin/ruff format --check .

lint: $(STAMP)
	$(VENV)/bin/ruff check .

types: $(STAMP)
	$(VENV)/bin/mypy

imports: $(STAMP)
	$(VENV)/bin/lint-imports --no-cache

unit: $(STAMP)
	$(PY) -m pytest -n $(JOBS) -m "not slow"

test-slow: $(STAMP)
	$(PY) -m pytest -m slow

# The virtual environment: uv from the lock if it is not on the machine, then hashed wheels only.
$(STAMP): pyproject.toml requirements/dev.txt requirements/uv.txt
	test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	$(VENV)/bin/uv pip sync --quiet --python $(PY) --require-hashes requirements/uv.txt requirements/dev.txt
	$(VENV)/bin/uv pip install --quiet --python $(PY) --no-deps --no-build-isolation -e .
	touch $(STAMP)

# Lock files: every platform, hashes, no index addresses.
LOCK := $(VENV)/bin/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
        --no-emit-index-url --no-emit-find-links --no-annotate --no-header --custom-compile-command "make lock"
lock:
	test -x $(VENV)/bin/uv || { $(PYTHON) -m venv $(VENV) && $(PY) -m pip install --quiet uv; }
	echo "uv" | $(LOCK) - -o requirements/uv.txt
	$(LOCK) pyproject.toml -o requirements/core.txt
	$(LOCK) pyproject.toml --extra train -c requirements/core.txt -o requirements/train.txt
	$(LOCK) pyproject.toml --extra train --group dev -c requirements/train.txt -o requirements/dev.txt

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .hypothesis
