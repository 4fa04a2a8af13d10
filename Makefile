# Two commands do everything on a fresh Debian-like machine: make demo, make test.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# A window without a screen needs a virtual one; where there is a screen it is used.
DISPLAYED := $(if $(DISPLAY)$(WAYLAND_DISPLAY),,bash .ci/on-virtual-display)

# Tests get a virtual display also where there is a screen, if they can: parts that run at
# once would take the keyboard from each other on one, and from the person before it.
VIRTUAL = $(shell command -v xvfb-run)
TESTED = $(if $(VIRTUAL),bash .ci/on-virtual-display,$(DISPLAYED))

ORDER := $(if $(SEED),--randomly-seed=$(SEED),-p no:randomly)

export PYTHONPATH := $(CURDIR):$(CURDIR)/training
export NO_ALBUMENTATIONS_UPDATE := 1
# Threads that wait for each other turn round and round: the parts of the suite, which run
# at once, would take the processors from each other.
export OMP_WAIT_POLICY := PASSIVE

.PHONY: demo test test-engine test-window test-panels test-integration check style format \
  types imports install system bench pictures clean

demo: install system
	$(if $(DISPLAY)$(WAYLAND_DISPLAY),$(BIN)/napari-clumps demo,\
	  $(DISPLAYED) $(BIN)/napari-clumps demo --scripted --out build/demo)

# All parts run, whatever comes of the others, so that one run tells everything; any
# failure fails the whole. First those that compute, on two cores; then two of those with
# a window at once, which use one core each and wait much. All of them at once took the
# cores from each other until a training in the window's tests did not end in time.
# `make test SEED=7` goes in another order, the same for every 7.
test: install system
	@failed=0; \
	$(MAKE) --no-print-directory --keep-going check test-engine || failed=1; \
	$(MAKE) --no-print-directory --keep-going -j$(if $(VIRTUAL),2,1) \
	  test-panels test-window test-integration || failed=1; \
	exit $$failed

# Several runs: torch's and Mesa's copies of LLVM cannot live in one process, which is one
# more reason why the window leaves all of torch to another one. Those with a window
# collect no test of the engine, which would import torch. A file of tests stays with one
# process, which makes what the file's tests share only once.
test-engine: install
	$(BIN)/pytest -m "not gui" -n 2 --dist loadfile --durations=10 $(ORDER)

# The panels are half of the tests with a window.
PANELS := tests/napari_clumps/panels

test-window: install system
	$(TESTED) $(BIN)/pytest -m gui --durations=10 $(ORDER) tests/napari_clumps \
	  --ignore=$(PANELS)

test-panels: install system
	$(TESTED) $(BIN)/pytest -m gui --durations=10 $(ORDER) $(PANELS)

test-integration: install system
	$(TESTED) $(BIN)/pytest -m gui --durations=10 $(ORDER) tests/integration

# What needs no window: style, types and the contracts of the packages.
check: style format types imports

style: install
	$(BIN)/ruff check .

format: install
	$(BIN)/ruff format --check .

types: install
	$(BIN)/mypy

imports: install
	$(BIN)/lint-imports

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) .ci/make_environment.py $(VENV) || \
	  { bash .ci/system-libraries python && $(PYTHON) .ci/make_environment.py $(VENV); }
	touch $(STAMP)

# The libraries behind a window and a virtual display (nothing happens when present).
system:
	bash .ci/system-libraries window

bench: install system
	$(DISPLAYED) $(BIN)/python -m tests.benchmarks $(ONLY)

# The pictures of the window in the README and the docs, from the scripted demo.
pictures: install system
	$(DISPLAYED) $(BIN)/napari-clumps demo --scripted --out build/demo
	$(BIN)/python docs/scripts/collect_pictures.py build/demo docs/pictures
	$(DISPLAYED) $(BIN)/python docs/scripts/reviewers_pictures.py build/demo docs/pictures

clean:
	rm -rf $(VENV) build
