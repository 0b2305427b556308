# make trace and make test set up everything they need in .venv; nothing else on the machine is touched.
PYTHON ?= python3
BIN := .venv/bin
INPUTS := --labels sample_inputs/labels.txt --shapes sample_inputs/shapes.yaml --heads sample_inputs/random_heads.npz

.PHONY: trace test lint bench screenshots clean

trace: .venv/ready
	@cp run.log .run.log.before 2>/dev/null || true
	$(BIN)/yolo-assign trace $(INPUTS) --log run.log
	@if [ ! -e .run.log.before ]; then echo "run.log is new"; \
	elif cmp -s .run.log.before run.log; then echo "run.log has not changed"; \
	else echo "run.log HAS CHANGED:"; diff .run.log.before run.log | head -n 20; fi; rm -f .run.log.before

# one thread in each process of the tests, or they wait for each other
test: .venv/ready lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto

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
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
