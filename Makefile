# Two commands for a newcomer: `make demo` and `make test`. Both set up .venv first; `make setup` does that alone.

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEMO := dist/demo
DEMO_SIZE := 512x768
TUNED := pynet_tf/models/pynet-rgb-w8-int8.keras
DEMO_PHOTO := calib_data/samples/test/original/18.jpg
DEMO_MODEL := $(DEMO)/pynet-rgb-w8-$(DEMO_SIZE)-int8.tflite

ANDROID := dist/android
ANDROID_MODEL := $(ANDROID)/pynet-rgb-w8-512x768
ANDROID_MODELS := $(ANDROID_MODEL)-int8.tflite $(ANDROID_MODEL)-float16.tflite
APK := android_demo/dist/pynet-bokeh-demo.apk

.PHONY: help setup demo test lint types clean android android-test arm

help:
	@echo "make demo    set up, convert the sample model six ways, prove each, render a photo"
	@echo "make test    set up, run the tests; SLOW=1 adds the long ones"
	@echo "make setup   set up .venv alone"
	@echo "make android        the sample app, $(APK)"
	@echo "                    ANDROID_MODELS='a.tflite b.tflite' puts your own artifacts into it"
	@echo "make android-test   its tests;  make arm    artifacts on an emulated Arm processor"
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
	$(BIN)/python -m convert.tflite --tuned $(TUNED) --size $(DEMO_SIZE) --out $(DEMO)
	$(BIN)/python -m pynet_tf.render $(DEMO_PHOTO) --model $(DEMO_MODEL) --before-after --out $(DEMO)

test: setup
	$(BIN)/python -m pytest -m "not android and not arm $(if $(SLOW),,and not slow)" --numprocesses auto --maxprocesses 4 --dist loadfile $(PYTEST_OPTIONS)

android: setup $(ANDROID_MODELS)
	android_demo/build.sh apk $(ANDROID_MODELS)

$(ANDROID_MODEL)-%.tflite: $(READY) $(wildcard pynet_tf/models/*.keras)
	$(BIN)/python -m convert.tflite --tuned $(TUNED) --recipe $* --size 512x768 --check-count 2 --out $(ANDROID)

android-test: setup
	$(BIN)/python -m tests.android_demo.expected
	android_demo/build.sh test
	$(BIN)/python -m pytest -m android tests/android_demo $(PYTEST_OPTIONS)

arm: setup
	$(BIN)/python -m pytest -m arm tests/android_demo $(PYTEST_OPTIONS)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

clean:
	rm -rf dist android_demo/build android_demo/dist android_demo/*/target
