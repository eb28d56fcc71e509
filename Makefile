# Two commands for a newcomer: `make demo` and `make test`. Both set up .venv first; `make setup` does that alone.

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEMO := dist/demo
DEMO_SIZE := 512x768
DEMO_PHOTO := calib_data/samples/test/original/18.jpg
DEMO_MODEL := $(DEMO)/pynet-rgb-w8-$(DEMO_SIZE)-int8.tflite

.PHONY: help setup demo test lint types clean

help:
	@echo "make demo    set up, convert the sample model six ways, prove each, render a photo"
	@echo "make test    set up, run the whole test suite"
	@echo "make setup   set up .venv alone"
	@echo "make lint    ruff;  make types    mypy;  make clean    remove dist"

setup: $(READY)

$(READY): setup.cfg pyproject.toml constraints.txt
	@python=; for candidate in "$(PYTHON)" python3.11 python3.10 python3 python; do \
	  [ -n "$$candidate" ] && "$$candidate" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 11))' \
	    2>/dev/null && python=$$candidate && break; done; \
	if [ -z "$$python" ]; then \
	  echo "error: no Python 3.10 or 3.11 found." >&2; \
	  echo "  fix: install one, or name it: make setup PYTHON=path/to/python3.11" >&2; exit 2; fi; \
	echo "setting up $(VENV) with $$($$python --version)"; \
	"$$python" -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,heic]'
	@touch $(READY)

demo: setup
	$(BIN)/python -m convert.tflite --size $(DEMO_SIZE) --out $(DEMO)
	$(BIN)/python -m pynet_tf.render $(DEMO_PHOTO) --model $(DEMO_MODEL) --before-after --out $(DEMO)

test: setup
	$(BIN)/python -m pytest $(PYTEST_OPTIONS)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

clean:
	rm -rf dist
