# make trace and make test set up everything they need in .venv; nothing else on the machine is touched.
PYTHON ?= python3
BIN := .venv/bin
INPUTS := --labels sample_inputs/labels.txt --shapes sample_inputs/shapes.yaml --heads sample_inputs/random_heads.npz

.PHONY: trace test test-live lint bench screenshots clean

trace: .venv/ready
	@cp run.log .run.log.before 2>/dev/null || true
	$(BIN)/yolo-assign trace $(INPUTS) --log run.log
	@if [ ! -e .run.log.before ]; then echo "run.log is new"; \
	elif cmp -s .run.log.before run.log; then echo "run.log has not changed"; \
	else echo "run.log HAS CHANGED:"; diff .run.log.before run.log | head -n 20; fi; rm -f .run.log.before

# one thread in each process of the tests, or they wait for each other
test: .venv/ready lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto

# real trainings of these releases, on a CPU, in an environment of their own; tests of one model run in one process
RELEASES ?= 8.4.190 8.3.200 8.0.100
test-live: .venv/ready
	@if tests/live/make_env.sh .venv-live $(BIN)/python $(RELEASES); then \
	  LIVE="$(CURDIR)/.venv-live" RELEASES="$(RELEASES)" OMP_NUM_THREADS=1 \
	    $(BIN)/python -m pytest -n auto --dist loadscope tests/live; \
	else echo "!! the environment of real releases could not be built: their trainings are SKIPPED"; fi

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/ready
	$(BIN)/python -m benchmarks

# needs chromium and, for Chinese, a font such as fonts-noto-cjk
screenshots: .venv/ready
	$(BIN)/python -m tests.page.screenshots

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "yolo-assign needs Python 3.11 or newer")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch .venv/ready

clean:
	rm -rf .venv .venv-live build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
