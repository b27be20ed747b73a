# SPDX-License-Identifier: Apache-2.0
# The verbs of this repository. Each is a script in scripts/ or a few lines here, and most first
# install what they need (scripts/install_packages.sh does nothing when it is there).
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test compose-test roll-test chaos certificates up down build fmt lint bench asan tsan fuzz test-debian13 clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: ## build, start everything privately, show each call, drain under load, clean up
	@scripts/demo.sh

test: ## build the release, run the unit, integration and end-to-end tests
	@scripts/test.sh release

compose-test: ## docker-compose.yml on a Docker engine: healthy, demo, replicas replaced under load
	@scripts/compose_test.sh

roll-test: ## Kubernetes' manifests acted out: three replicas rolled ten times under load (10 minutes)
	@scripts/install_packages.sh build test
	@scripts/build.sh release weir-server weir_cli
	@WEIR_ROLLS=10 WEIR_PACE=1 WEIR_SOURCE_DIR="$(CURDIR)" WEIR_BINARY_DIR="$(CURDIR)/build/release" \
	  scripts/with_stack.sh /usr/bin/python3 tests/deploy/roll_test.py

chaos: ## 100 rounds of a batch whose replicas are killed, and its Postgres: every item once
	@scripts/install_packages.sh build test
	@scripts/build.sh release
	@WEIR_SOURCE_DIR="$(CURDIR)" WEIR_BINARY_DIR="$(CURDIR)/build/release" scripts/with_stack.sh \
	  /usr/bin/python3 tests/chaos/batch_chaos.py --rounds 100 --items 20000 --chunk 500

certificates: ## an authority and certificates for development, in .weir/tls
	@scripts/dev_certificates.sh .weir/tls gateway

up: ## keep a server with its Postgres and Redis running; writes .weir/env
	@scripts/up.sh

down: ## end what `make up` started (its data stays, `make clean` removes it)
	@scripts/down.sh

build: ## build the release into build/release
	@scripts/install_packages.sh build test
	@scripts/build.sh release

fmt: ## format the C++ sources, copy code into the documents
	@scripts/install_packages.sh lint
	@scripts/format.sh fix
	@scripts/docs.py fix

lint: ## check format, names, shell scripts and the traps of coroutines
	@scripts/install_packages.sh build test lint
	@scripts/lint.sh

bench: ## measure the library beside Asio, and the service beside the bare completion-queue server
	@scripts/install_packages.sh build test bench
	@scripts/bench.sh async
	@scripts/bench.sh
	@scripts/bench.sh batch
	@scripts/bench.sh abuse --seconds 10 --after 10

asan: ## unit and integration tests under the address and undefined-behaviour sanitizers
	@scripts/test.sh asan

tsan: ## unit and integration tests under the thread sanitizer
	@scripts/test.sh tsan

fuzz: ## the fuzzers, FUZZ_SECONDS (60) each
	@scripts/fuzz.sh

test-debian13: ## make test in a Debian 13 root (debootstrap; needs root or sudo)
	@scripts/test_debian13.sh

clean: down ## remove build/ and .weir/
	@[[ ! -d .weir ]] || scripts/stack.sh remove .weir
	@rm -rf build
