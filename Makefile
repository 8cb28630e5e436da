# Each target works alone on a fresh clone with Python 3.11 to 3.13 and make, and does nothing twice.

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
DRIVER := .venv/.browser

.PHONY: help install reproduce test test-fast soak fuzz mutants lint format bench site lock clean

help:
	@echo 'make install     a virtual environment in .venv with the pinned versions of requirements.lock'
	@echo 'make reproduce   AlexNet against ResNet on MNIST, from nothing to a page (6 to 18 minutes on 2 cores)'
	@echo 'make test        the tests (some 10 minutes on 2 cores);  make test-fast  those of a few seconds'
	@echo 'make soak        the rare faults, every variation and a browser, which make test leaves out (half an hour)'
	@echo 'make fuzz        files of others, changed at random, read within bounds; FUZZ="records --seconds 3600"  one, an hour'
	@echo 'make mutants     puts 122 bugs in, one at a time, and sees that the tests catch each (an hour)'
	@echo 'make lint        ruff;  make format  lets it mend what it can'
	@echo 'make bench       speed beside others, two hours (peers: .venv/bin/pip install -e .[bench]); BENCH=--quick  a look'
	@echo 'make site        the committed pages, drawn from their records, and reports/index.html (some minutes)'
	@echo 'make lock        pins the newest versions that pyproject.toml allows'

install: $(INSTALLED)

# The lock is its own constraint too: before 23.3 pip does not hold NAME[extra] to what the lock says of NAME.
$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(None if (3, 11) <= v < (3, 14) else "cnnrepro needs Python 3.11, 3.12 or 3.13; $(PYTHON) is %d.%d. Name another: make PYTHON=python3.12" % v[:2])'
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock -c requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

reproduce: $(INSTALLED)
	$(BIN)/cnnrepro run alexnet_vs_resnet

# As many processes as there are cores, four at most: each loads TensorFlow.
test: $(INSTALLED)
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal -m "not soak" $(PYTEST)

test-fast: $(INSTALLED)
	$(BIN)/python -m pytest -m "not slow and not soak"

# What drives a browser or reads crates is no part of the lock: nothing else needs it. The browser itself is the machine's.
$(DRIVER): $(INSTALLED)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --editable '.[soak]'
	@touch $@

soak: $(DRIVER)
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal -m soak $(PYTEST)

fuzz: $(INSTALLED)
	$(BIN)/python -m tests.fuzz $(FUZZ)

mutants: $(INSTALLED)
	$(BIN)/python -m tests.mutants $(MUTANTS)

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(INSTALLED)
	$(BIN)/cnnrepro bench $(BENCH)

site: $(INSTALLED)
	$(BIN)/cnnrepro run reports/committed.yaml --committed
	$(BIN)/cnnrepro publish

# One lock for every platform and Python version, with hashes and without the name of any host.
lock:
	$(PYTHON) -m venv --clear .venv-lock
	.venv-lock/bin/python -m pip install --quiet --disable-pip-version-check uv
	.venv-lock/bin/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --custom-compile-command 'make lock' --quiet --upgrade --output-file requirements.lock
	rm -rf .venv-lock

clean:
	rm -rf .venv dist build .pytest_cache .ruff_cache .hypothesis
