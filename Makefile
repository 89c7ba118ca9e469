# The front of the build. Meson does the work (meson.build); here are the words that people type.
#
#   make            install what is missing (asking first), and build build/imp
#   make demo       build, and run the first lab
#   make test       unit tests, short fuzzing, and the labs;  ends with "N passed, N failed"
#   make check      layers, style, formatting, and a build with clang
#   make sanitize   all tests again under AddressSanitizer and UBSan
#   make fuzz       libFuzzer on each target (COUNT=1000000 inputs each)
#   make swarm      thousands of seeds of random networks, traffic and faults (COUNT=10000)
#   make bench      the benchmarks
#   make bench-dumbbell   imp beside ns-3 on the same network (needs Debian's libns3-dev; some minutes)
#   make format     clang-format over everything
#   make docs       docs/lab-format.md, docs/lab.schema.json and docs/events.md, from the tables in src/
#   make install    into /usr/local, or DESTDIR and PREFIX;   make clean   removes every build

COUNT ?= 1000000
PREFIX ?= /usr/local

all:
	@scripts/setup
	@scripts/build build

demo: all
	@build/imp run labs/type-a-url.yaml

test:
	@scripts/setup --test
	@scripts/build build
	@scripts/test build

check:
	@scripts/setup --test
	@scripts/check-includes
	@scripts/check-style
	@scripts/list-events --c | cmp - src/lab/event_names.c || { echo "the list of events is out of date: make docs"; exit 1; }
	@scripts/list-events --markdown | cmp - docs/events.md || { echo "docs/events.md is out of date: make docs"; exit 1; }
	@CC=clang scripts/build build-clang
	@echo "check: all good"

sanitize:
	@scripts/setup --test
	@scripts/build build-asan -Db_sanitize=address,undefined
	@scripts/test build-asan

fuzz:
	@scripts/setup --test
	@CC=clang scripts/build build-fuzz -Dfuzz=true
	@scripts/fuzz build-fuzz $(COUNT)

bench-dumbbell: all
	@scripts/bench-dumbbell

swarm: all
	@build/swarm --seeds 1-$(if $(filter command line environment,$(origin COUNT)),$(COUNT),10000)
	@build/transport_test_tcp_transfer 1 $(if $(filter command line environment,$(origin COUNT)),$(COUNT),10000)

bench: all
	@for program in build/bench_*; do [ ! -f "$$program" ] || { echo "== $$program"; "$$program" || exit 1; }; done

format:
	@scripts/check-style --format

docs: all
	@build/imp docs > docs/lab-format.md
	@build/imp docs --schema > docs/lab.schema.json
	@scripts/list-events --c > src/lab/event_names.c
	@scripts/list-events --markdown > docs/events.md

install: all
	@meson configure build -Dprefix=$(PREFIX)
	@meson install -C build

clean:
	rm -rf build build-clang build-asan build-fuzz

.PHONY: all demo test check sanitize fuzz bench swarm format docs install clean
