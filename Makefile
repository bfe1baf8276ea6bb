# One door to every task. `make help` lists them.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
WEIR := $(PYTHON) infra/local/weir.py
FUNCTIONS := $(notdir $(wildcard functions/*))
ARCHITECTURE ?= x86_64
STACK ?= weir

.PHONY: help demo up down console doctor screenshots test check sim sim-full oversell fuzz mutants bench package lint audit deploy clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## Play a short Saturday on the local stack: shop, queue, functions, a real ERP
	$(WEIR) demo

up: ## Keep the local stack running: make up [CONFIG=dir]
	$(WEIR) up $(if $(CONFIG),--config $(CONFIG))

down: ## Stop the local stack
	$(WEIR) down

console: ## Serve the operators' console on this machine: make console [CONFIG=dir] [STACK=weir] (of `make up`, else of AWS with your credentials)
	$(WEIR) console $(if $(CONFIG),--config $(CONFIG)) --stack $(STACK)

doctor: ## Check shops and ERPs before they go live: make doctor CONFIG=dir
	$(WEIR) doctor $(if $(CONFIG),--config $(CONFIG)) --stack $(STACK)

screenshots: ## An operator's way in a real browser: docs/images (needs Chromium)
	$(WEIR) screenshots

test: ## Every test: unit, contract, live ERP, end to end
	$(WEIR) test

check: ## Refuse a wrong configuration before it is deployed: make check [CONFIG=dir]
	cargo run --quiet -p weir-runtime --example check_config -- $(or $(CONFIG),infra/example)

lint: ## Format, clippy, template and policy rules, without findings
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	$(WEIR) lint

audit: ## Licences and advisories of every dependency (installs cargo-deny into .local)
	@test -x .local/cargo/bin/cargo-deny || cargo install --locked --root .local/cargo cargo-deny@0.20.2
	.local/cargo/bin/cargo-deny check

package: ## Build the shipped functions into target/lambda (ARCHITECTURE=x86_64|arm64)
	$(WEIR) package --architecture $(ARCHITECTURE) $(if $(CONFIG),--config $(CONFIG))

deploy: check package ## Deploy to AWS: make deploy CONFIG=dir [STACK=weir]
	@test -n "$(CONFIG)" || { echo "deploy needs CONFIG=dir with your stores and ERPs; infra/example shows one" >&2; exit 2; }
	sam deploy --no-confirm-changeset --stack-name $(STACK) --parameter-overrides Architecture=$(ARCHITECTURE)

SIMULATE := cargo run --quiet --package weir-simulation --bin simulate --

sim: ## Look for a lost or doubled order, a unit sold twice: make sim [SECONDS=60 | SEEDS=n | SEED=n to replay] [WORLD=orders|stock]
	$(SIMULATE) $(if $(WORLD),--world $(WORLD)) $(if $(SEED),--seed $(SEED),$(if $(SEEDS),--seeds $(SEEDS),--seconds $(or $(SECONDS),60)))

sim-full: ## All crash points, saboteurs, other connectors' ways, the oversell report, and SEEDS=100000 seeds
	$(SIMULATE) $(if $(WORLD),--world $(WORLD)) --full --seeds $(or $(SEEDS),100000)

oversell: ## Absolute pushes beside ours, the rule for safety stock, and docs/oversell.svg: make oversell [TRIALS=300]
	$(SIMULATE) --oversell --trials $(or $(TRIALS),300) --plot docs/oversell.svg

FUZZ := .local/cargo/bin/cargo-fuzz run --fuzz-dir tests/fuzz --target-dir target/fuzz/build --sanitizer none
FUZZED := $(CURDIR)/target/fuzz

fuzz: ## Fuzz the webhook and the canonicaliser: make fuzz [SECONDS=60 each] (installs cargo-fuzz into .local; needs a C++ compiler)
	@test -x .local/cargo/bin/cargo-fuzz || cargo install --locked --root .local/cargo cargo-fuzz@0.13.2
	python3 tests/fuzz/seed.py target/fuzz/seeds
	@set -e; for target in webhook canonical; do \
	  mkdir -p $(FUZZED)/corpus/$$target $(FUZZED)/findings/$$target; \
	  $(FUZZ) $$target $(FUZZED)/corpus/$$target $(FUZZED)/seeds/$$target -- \
	    -max_total_time=$(or $(SECONDS),60) -max_len=65536 -timeout=10 -print_final_stats=1 \
	    -artifact_prefix=$(FUZZED)/findings/$$target/; \
	done

mutants: ## Change the order decisions one place at a time: does a test notice? (installs cargo-mutants into .local)
	@test -x .local/cargo/bin/cargo-mutants || cargo install --locked --root .local/cargo cargo-mutants@27.1.0
	.local/cargo/bin/cargo-mutants mutants --package weir-domain --output target/mutants \
	  $(addprefix --file shared/domain/src/,decide.rs import.rs record.rs circuit.rs wake.rs 'push/*.rs')

bench: ## Stock at 100,000 items; size, start and memory of the shipped functions (after make package); pages over 100,000 orders
	cargo run --quiet --package weir-bench
	$(WEIR) bench
	$(WEIR) bench-console

clean: ## Stop the local stack and remove everything built or installed here
	-$(WEIR) down
	cargo clean
	rm -rf .local .aws-sam
