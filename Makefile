# The habits of this repository. `make` alone lists them.

CARGO ?= cargo
NPM ?= npm
# Extra flags for every build, as in `make test CARGO_FLAGS=--locked`.
CARGO_FLAGS ?=
# Features of orbd that tests, lints and documentation have beside the usual ones, as in `make test FEATURES=orbd/sentry,orbd/otel`.
FEATURES ?=
features = $(if $(FEATURES),--features $(FEATURES))
# Extra flags for the demo, as in `make demo DEMO_ARGS="--speed max --exit"`.
DEMO_ARGS ?=

# OpenSSL is built from source unless the machine has its headers: with them a first build is minutes shorter.
ifeq ($(shell pkg-config --exists 'openssl >= 1.1.1' 2>/dev/null && echo yes),yes)
export OPENSSL_NO_VENDOR ?= 1
endif

.DEFAULT_GOAL := help
.PHONY: help demo build release release-check notes dashboard page browser test soak crash simulate scan fuzz bench check fmt lint purity promises proto grafana doc book book-pages book-test deb audit clean

help: ## lists the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: build ## trades a synthetic session in front of your eyes
	./target/debug/orbd demo $(DEMO_ARGS)

build: page ## builds orbd, orbctl and orb-sim, quickly
	$(CARGO) build $(CARGO_FLAGS) -p orbd -p orbctl -p orb-sim

# What is to run elsewhere has its OpenSSL in it, whatever headers this machine has.
release: export OPENSSL_NO_VENDOR = 0
release: page ## builds orbd, orbctl and orb-sim as they are to run, with optimisation; they need nothing but the C library
	$(CARGO) build $(CARGO_FLAGS) --release -p orbd -p orbctl -p orb-sim

release-check: ## checks that the release build needs no library but the C library, and that all name one version
	./tools/release/linked.py target/release/orbd target/release/orbctl target/release/orb-sim
	./tools/release/notes.py --check

# The version whose notes `make notes` writes: by default the one that is being made.
VERSION ?= $(shell sed -n -E 's/^version = "([^"]*)".*/\1/p' Cargo.toml | head -n 1)

notes: ## writes the release notes of a version, from CHANGELOG.md and git; VERSION chooses another
	@./tools/release/notes.py $(VERSION)

# What the dashboard is made of, and where it comes to be; orbd takes in what is there when it is built.
site := dashboard/dist/site/index.html
packages := dashboard/node_modules/.package-lock.json
site_sources = $(shell find dashboard/src dashboard/public proto/orb/v1 -type f -not -path '*/generated/*') \
	$(wildcard dashboard/*.html dashboard/*.json dashboard/*.ts dashboard/*.yaml)

dashboard: $(site) ## builds the dashboard, which the next build of orbd takes in; needs Node.js

$(packages): dashboard/package-lock.json
	$(NPM) ci --prefix dashboard --ignore-scripts --no-audit --no-fund --silent
	@touch $@

$(site): $(site_sources) $(packages)
	$(NPM) run --prefix dashboard --silent build

# Where there is no Node.js, or its packages cannot be had, orbd is built without the dashboard and says so.
page:
	@if ! node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null; \
	then echo "without the dashboard: it needs Node.js 20.19 or later"; \
	elif ! $(MAKE) --no-print-directory dashboard; \
	then echo "without a new dashboard: it could not be built; \`make dashboard\` tells why"; fi

browser: build ## looks at the dashboard of real demos in a real Chromium; needs Node.js and Chromium
	$(NPM) run --prefix dashboard --silent e2e

test: ## runs all tests
ifeq ($(shell $(CARGO) nextest --version >/dev/null 2>&1 && echo yes),yes)
	$(CARGO) test $(CARGO_FLAGS) $(features) --workspace --doc
	$(CARGO) nextest run $(CARGO_FLAGS) $(features) --workspace
else
	$(CARGO) test $(CARGO_FLAGS) $(features) --workspace
endif

# How many sessions `make soak` plays, and the seed of the first.
SOAK_SEEDS ?= 100
SOAK_FIRST ?= 1

soak: ## plays a hundred sessions on which anything may go wrong; SOAK_SEEDS and SOAK_FIRST choose others
	ORB_SOAK_SEEDS=$(SOAK_SEEDS) ORB_SOAK_FIRST=$(SOAK_FIRST) $(CARGO) test $(CARGO_FLAGS) -p orbd --test soak

# How many points `make crash` draws, and the number of the first.
CRASH_POINTS ?= 2000
CRASH_FIRST ?= 1

crash: ## kills sessions as by kill -9 at two thousand points; CRASH_POINTS and CRASH_FIRST choose others
	ORB_CRASH_POINTS=$(CRASH_POINTS) ORB_CRASH_FIRST=$(CRASH_FIRST) $(CARGO) test $(CARGO_FLAGS) -p orbd --test crash

# How many sessions `make simulate` plays, and the seed of the first.
SIMULATE_SEEDS ?= 10000
SIMULATE_FIRST ?= 1

simulate: ## plays thousands of sessions in one process, on which anything goes wrong; SIMULATE_SEEDS and SIMULATE_FIRST choose others
	ORB_SIMULATE_SEEDS=$(SIMULATE_SEEDS) ORB_SIMULATE_FIRST=$(SIMULATE_FIRST) $(CARGO) test $(CARGO_FLAGS) -p orb-sim --test simulate -- --nocapture sessions

# How many inputs each test of `make fuzz` makes.
FUZZ_CASES ?= 200000

# How many recorded mornings `make scan` compares, back from the last.
SCAN_DAYS ?= 21

# How many made-up assets `make scan` chooses from.
SCAN_ASSETS ?= 3000

scan: ## compares the choice of a month's mornings over the whole way to the broker, and of one of thousands of assets, with the backtests'; the month needs recorded bars
	ORB_SCAN_DAYS=$(SCAN_DAYS) ORB_SCAN_ASSETS=$(SCAN_ASSETS) $(CARGO) test $(CARGO_FLAGS) -p orbd --test scan -- --nocapture --test-threads=1 recorded many_assets

fuzz: ## throws broken input at every parser of the wire, for minutes; FUZZ_CASES says how much
	ORB_FUZZ_CASES=$(FUZZ_CASES) $(CARGO) test $(CARGO_FLAGS) -p orb-exec --lib fuzz
	ORB_FUZZ_CASES=$(FUZZ_CASES) $(CARGO) test $(CARGO_FLAGS) -p orb-sim --test fuzz

bench: ## measures decode, run phase, whole process, sweep, latency, streams, start and memory; benches/RESULTS.md has figures
	@echo "machine: $$(nproc) cores, $$(sed -n 's/^model name.*: //p' /proc/cpuinfo 2>/dev/null | head -n 1), load $$(cut -d ' ' -f 1-3 /proc/loadavg 2>/dev/null)"
	$(CARGO) bench $(CARGO_FLAGS) -p orb-data --bench decode
	$(CARGO) bench $(CARGO_FLAGS) -p orb-backtest --bench run
	$(CARGO) bench $(CARGO_FLAGS) -p orbd --bench whole
	ORB_LOG=error $(CARGO) bench $(CARGO_FLAGS) -p orbd --bench latency
	ORB_LOG=error $(CARGO) bench $(CARGO_FLAGS) -p orbd --bench fan_out
	ORB_LOG=error $(CARGO) bench $(CARGO_FLAGS) -p orbd --bench scan
	$(CARGO) bench $(CARGO_FLAGS) -p orbd --bench start

check: fmt purity promises lint doc ## formatting, lints, orb-core's purity, documentation

fmt: ## checks the formatting
	$(CARGO) fmt --all --check

lint: ## clippy; warnings are errors
	$(CARGO) clippy $(CARGO_FLAGS) $(features) --workspace --all-targets -- -D warnings

purity: ## proves that orb-core does no IO
	./.ci/purity

promises: ## checks that the tests that ARCHITECTURE.md names exist
	./.ci/promises

proto: ## checks the wire contract: its style, and that it breaks no client; needs Node.js
	./.ci/proto

grafana: ## checks the Grafana dashboard by its schema; needs Node.js
	./.ci/grafana

doc: ## builds the documentation; warnings are errors
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc $(CARGO_FLAGS) $(features) --workspace --no-deps

book: ## builds the book into target/book and checks its links; needs mdbook
	./tools/book/build.py

book-pages: build ## writes the book's generated pages anew, from the programs, the contract and ARCHITECTURE.md
	./tools/book/generate.py target/debug

book-test: build ## runs every command of the book against the real programs
	./tools/book/mentions.py
	./tools/book/run.py target/debug

# The same commit gives the same archive: its files are as old as the commit.
deb: export SOURCE_DATE_EPOCH ?= $(shell ./tools/release/notes.py --epoch 2>/dev/null)
deb: release ## builds a Debian package from a release build; needs cargo-deb
	$(MAKE) --no-print-directory release-check
	./deploy/deb/prepare target/release target
	$(CARGO) deb $(CARGO_FLAGS) --no-build -p orbd

audit: ## licences, sources and known faults of the dependencies
	$(CARGO) deny check

clean: ## removes what was built
	$(CARGO) clean
