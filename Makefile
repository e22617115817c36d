# make        sets everything up, then computes what is stale and renders the lecture
# make test   sets everything up, then runs all tests, two files at a time
# make quick  runs those that neither build, train nor open a browser
# make hub    installs what other models than the bundled one need
# make exercises writes the students' notebooks, and opens them in JupyterLab
# make cluster installs what making figures on a Dask cluster needs
# make interop exchanges sparse autoencoders with SAELens, both ways; make test does so too
# make check  style and types
# make bench  measures this project and its peers side by side
# make clean  deletes what can be made again, the installed packages aside

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
INSTALL = $(BIN)/python -m pip install --disable-pip-version-check --quiet --constraint constraints.txt

# Tests of one file share what they build, and stay together. What they start uses two processors itself at times.
TWO_AT_A_TIME = -n 2 --dist loadfile

.PHONY: lecture test quick interop hub cluster exercises check bench clean

lecture: $(VENV)/.lecture node_modules/.installed
	$(BIN)/python build.py

test: $(VENV)/.test .interop/.installed node_modules/.installed
	$(BIN)/python -m pytest $(TWO_AT_A_TIME)
	$(BIN)/python -m tests.interop.saelens

quick: $(VENV)/.test
	$(BIN)/python -m pytest $(TWO_AT_A_TIME) -m 'not heavy and not browser'

interop: $(VENV)/.test .interop/.installed
	$(BIN)/python -m tests.interop.saelens

hub: $(VENV)/.lecture
	$(INSTALL) --editable '.[hub]'

cluster: $(VENV)/.lecture
	$(INSTALL) --editable '.[cluster]'

exercises: $(VENV)/.exercises
	$(BIN)/python build.py exercises
	PYTHONPATH='$(CURDIR)' $(BIN)/jupyter lab --ServerApp.root_dir=exercises/notebooks

check: $(VENV)/.test node_modules/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	npx --no-install pyright

bench: $(VENV)/.test $(VENV)/peers/.installed .interop/.installed node_modules/.installed
	$(BIN)/python -m benchmarks

clean:
	rm -rf dist .lectern .pytest_cache .ruff_cache .hypothesis

$(VENV)/.lecture: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) --editable .
	@touch $@

$(VENV)/.test: $(VENV)/.lecture
	$(INSTALL) --editable '.[test]'
	@touch $@

# JupyterLab asks the network for its news and for new versions, unless it is told not to.
$(VENV)/.exercises: $(VENV)/.lecture
	$(INSTALL) --editable '.[exercises]'
	$(BIN)/jupyter labextension disable --level=sys_prefix @jupyterlab/apputils-extension:announcements
	@touch $@

# The peers that are measured have an environment of their own: their requirements are not ours.
$(VENV)/peers/.installed: benchmarks/peers.txt $(VENV)/.lecture
	$(PYTHON) -m venv $(VENV)/peers
	$(VENV)/peers/bin/python -m pip install --disable-pip-version-check --quiet --requirement benchmarks/peers.txt
	@touch $@

# SAELens' too. torch comes first and alone, so that what pip chooses for it does not depend on the others.
.interop/.installed: tests/interop/requirements.txt $(VENV)/.lecture
	$(PYTHON) -m venv .interop
	.interop/bin/python -m pip install --disable-pip-version-check --quiet \
	  "$$(grep '^torch==' tests/interop/requirements.txt)"
	.interop/bin/python -m pip install --disable-pip-version-check --quiet --requirement tests/interop/requirements.txt
	@touch $@

node_modules/.installed: package.json package-lock.json
	@command -v npm > /dev/null || { echo "Node.js 20 or newer, with npm, is needed" >&2; exit 1; }
	npm ci --no-fund --no-audit --loglevel=error
	@touch $@
