# Everything runs from a fresh clone: each target makes the virtual environment and installs what it needs.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
JOBS   ?= 2                  # processes that run the tests
BENCH  ?=                    # options of bench: BENCH="--rounds 1 --only derive:" is the quick one, of the shared cases
PEERS  ?= torch==2.13.0 sympy tensorgrad handcalcs math-verify antlr4-python3-runtime==4.13.2 jax scikit-learn numba casadi   # what bench and accuracy compare with

.PHONY: demo test lint types imports unit fuzz test-frameworks bench nightly nightly-frameworks torch-differences kernels picture gallery accuracy speed clean
.DEFAULT_GOAL := test

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.core: $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/.test: $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	touch $@

# other libraries bring versions of their own of what the tests need, so they live apart
$(VENV)-frameworks/.frameworks: pyproject.toml
	$(PYTHON) -m venv $(VENV)-frameworks
	$(VENV)-frameworks/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[test,frameworks]'
	touch $@

# the peers that times are compared with live in an environment of their own; what cannot be installed is reported as absent
$(VENV)-bench/.peers: Makefile
	$(PYTHON) -m venv $(VENV)-bench
	-for peer in $(PEERS); do $(VENV)-bench/bin/python -m pip install --quiet --disable-pip-version-check $$peer; done
	$(VENV)-bench/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[run]'
	touch $@

demo: $(VENV)/.core          ## the report on a page with slips of several kinds; that it has some is exit status 1
	$(BIN)/handgrad check --example || test $$? -eq 1

test: lint types imports unit  ## everything that a change must pass

lint: $(VENV)/.test
	$(BIN)/ruff check .

types: $(VENV)/.test
	$(BIN)/mypy

imports: $(VENV)/.test
	$(BIN)/lint-imports

unit: $(VENV)/.test
	$(BIN)/python -m pytest -m 'not nightly' --numprocesses $(JOBS) --dist loadfile

fuzz: $(VENV)/.test           ## two minutes of pages made by a grammar and of bytes: nothing but a refusal may be raised
	HANDGRAD_FUZZ_SECONDS=120 $(BIN)/python -m pytest tests/test_hostile.py -k no_page_whatsoever

test-frameworks: $(VENV)-frameworks/.frameworks   ## values and gradients against other libraries, of torch's own test samples one of each operation
	$(VENV)-frameworks/bin/python -m pytest -m 'not nightly' tests/frameworks

bench: $(VENV)/.core $(VENV)-bench/.peers  ## times of derivations, worked pages and a class, beside peers; slips found and named, and none accused on clean lines
	$(BIN)/python -m benchmarks $(BENCH)
	$(if $(BENCH),,$(VENV)-bench/bin/python -m benchmarks.speed)

speed: $(VENV)-bench/.peers    ## the times of running gradients alone: the page and its picture
	$(VENV)-bench/bin/python -m benchmarks.speed --write

nightly: $(VENV)/.test nightly-frameworks   ## the property tests over very many cases, and torch's own test samples
	$(BIN)/python -m pytest -m nightly

nightly-frameworks: $(VENV)-frameworks/.frameworks   ## torch's own test samples: values, gradients and second derivatives
	$(VENV)-frameworks/bin/python -m pytest -m nightly tests/frameworks

torch-differences: $(VENV)-frameworks/.frameworks    ## the page of what torch answers otherwise, from all its test samples
	cd tests/frameworks && PYTHONPATH=. PYTHONWARNINGS=ignore ../../$(VENV)-frameworks/bin/python -m oracle.report $$(mktemp) ../../docs/why/torch-differences.md

kernels: $(VENV)/.test        ## the wheel of the ready functions, compiled for several levels of instructions, into dist/; some minutes
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-build-isolation --no-deps --wheel-dir dist ./compiled

picture: $(VENV)/.core        ## the picture of the README, from real output
	$(BIN)/python docs/picture.py

gallery: $(VENV)/.core        ## the pages of the catalogue, as derived
	$(BIN)/handgrad catalogue --page activations -o docs/gallery/activations.md
	$(BIN)/handgrad catalogue --page losses -o docs/gallery/losses.md

accuracy: $(VENV)/.test $(VENV)-bench/.peers  ## how many digits of every loss and activation are right, here and elsewhere: the page and its picture
	$(BIN)/python -m benchmarks.catalogue --write

clean:
	rm -rf $(VENV) $(VENV)-frameworks $(VENV)-bench build compiled/build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
