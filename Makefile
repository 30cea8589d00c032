# The front door. Every target does the set-up that it needs: `make test` on a fresh machine is enough.
#
#   PRESET=dev|release|asan   which build (make test: dev, make build: release)
#   T=regex                   which tests; T="NAME …": which benchmarks, which fuzz targets
#   SECONDS=n RUNS=n          how long a fuzz target runs (60 seconds)
#   JOBS=n                    how many at the same time (all cores)
#   PREFIX=dir                where make install goes (/usr/local)
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup build test run bench fuzz format tidy generated install ci clean

JOBS ?= $(shell nproc 2>/dev/null || echo 2)
PREFIX ?= /usr/local

help: ## list these lines
	@awk -F ' ## ' '/^[a-z-]+:.* ## / { sub(/:.*/, "", $$1); printf "  make %-10s %s\n", $$1, $$2 }' Makefile
	@sed -n '3,8s/^#/ /p' Makefile

setup: ## install or name what is missing; build Wasmtime, once per machine
	@tools/setup.sh

build: PRESET ?= release
build: setup ## the library and the command: build/release/aether
	@tools/configure.sh $(PRESET)
	@cmake --build build/$(PRESET) -j $(JOBS) --target product

test: PRESET ?= dev
test: setup ## build and run the tests [T=regex] [PRESET=asan]
	@tools/configure.sh $(PRESET)
	@cmake --build build/$(PRESET) -j $(JOBS)
	@ctest --preset $(PRESET) -j $(JOBS) --progress --no-tests=error $(if $(T),-R '$(T)')

run: build ## run an example contract
	@tools/run_example.sh

bench: setup ## print numbers with units [T="names"]
	@tools/configure.sh release
	@tools/run_bench.sh build/release $(JOBS) '$(T)'

fuzz: setup ## run a fuzz target on ever more inputs [T="names"] [SECONDS=60] [RUNS=n]
	@tools/configure.sh fuzz
	@tools/run_fuzz.sh build/fuzz $(JOBS) '$(T)' '$(SECONDS)' '$(RUNS)'

format: ## format the C sources
	@tools/check_format.sh --fix

tidy: setup ## check everything that a machine can check
	@tools/tidy.sh $(JOBS)

generated: setup ## rewrite the files that are made from tables
	@tools/configure.sh dev
	@cmake --build build/dev -j $(JOBS) --target generate
	@build/dev/tools/generate .

# As in `make build && sudo make install`: what is built is installed, and root builds nothing.
install: ## install [PREFIX=/usr/local] [DESTDIR=]
	@test -e build/release/libaether.so || $(MAKE) --no-print-directory build
	@cmake --install build/release --prefix '$(PREFIX)'

ci: ## what the continuous integration runs
	@.ci/run

clean: ## remove every build; Wasmtime stays in its cache
	rm -rf build/dev build/release build/asan build/fuzz
