# Everything a developer runs. Needs Go and make; what else a target would like
# (a C compiler, clang, root) it says when it is missing.

SHELL := /bin/bash -o pipefail
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

CAPTURES   := $(wildcard pcaps/*/client.pcapng)
MINUTES    ?= 10
SEED       ?= $(shell date +%j%H%M)
LINT       := go tool -modfile=tools/go.mod golangci-lint

.PHONY: help
help: ## what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

.PHONY: build
build: ## bin/chokepoint, without cgo
	CGO_ENABLED=0 go build -trimpath -o bin/chokepoint ./cmd/chokepoint

.PHONY: run
run: build ## what happened in the bundled captures
	@bin/chokepoint analyze $(CAPTURES)
	@echo
	@echo "These were $(words $(CAPTURES)) captures. One of them by itself, why it says so, and as a page for a browser:"
	@echo "  bin/chokepoint analyze pcaps/whatsapp-reset-race/client.pcapng"
	@echo "  bin/chokepoint analyze --explain f1 pcaps/whatsapp-reset-race/client.pcapng"
	@echo "  bin/chokepoint analyze --html report.html pcaps/whatsapp-reset-race/client.pcapng"

.PHONY: test
test: format vet lint objects unit race cross fuzz-smoke ## everything that CI runs; no root, no clang
	@echo "make test: all passed"

.PHONY: format
format: # every file as gofmt writes it
	@out=$$(gofmt -l $$(find . -name '*.go' -not -path './.*')); if [ -n "$$out" ]; then echo "gofmt -w these:"; echo "$$out"; exit 1; fi

.PHONY: vet
vet:
	go vet ./...

.PHONY: lint
lint: ## golangci-lint, pinned in tools/go.mod; the first time it is built, a minute or two
	$(LINT) run ./...

.PHONY: unit
unit: # unit, golden, arrow and zero-allocation tests
	.ci/gotest ./...

# Only where a goroutine is started can the race detector find anything. It makes
# allocations of its own, so tests that count them are left out. What goroutines
# share does not depend on whose capture it is: the bundled ones and the recordings
# do, foreign ones would take four minutes more. Plays from end to end start
# goroutines of their own only; what they play is raced in its own package. A thousand
# captures with faults in them, or as others would have taken them, are one engine, and take
# minutes here; so do the score's page and the goldens, whose captures classify races.
PLAYS := bpf/kernels|pcaps/lab/(local|offloads|replay|watched)|cmd/internal/(bench|soak)

.PHONY: race
race: # the tests of concurrent packages under the race detector
	@if [ "$$(go env CGO_ENABLED)" != 1 ] || ! command -v "$$(go env CC)" >/dev/null; then \
		echo "skipped: the race detector needs a C compiler"; exit 0; fi; \
	concurrent=$$(grep -rlE --include='*.go' '^\s+go (func\(|[a-z])|\.Go\(' . | xargs -n 1 dirname | sort -u | grep -vE '$(PLAYS)'); \
	echo .ci/gotest -race $$concurrent; CHOKEPOINT_CORPORA= .ci/gotest -race -short -skip 'Alloc|TestFaultsOfTheCapture|TestVariations|TestTheScore|TestGolden' $$concurrent

# Only capture/live, capture/afpacket, bpf and pcaps/lab are Linux's.
.PHONY: cross
cross: # the offline half builds elsewhere
	CGO_ENABLED=0 GOOS=darwin GOARCH=arm64 go build ./cmd/... ./capture/... ./classify/...
	CGO_ENABLED=0 GOOS=linux GOARCH=arm64 go build ./cmd/... ./capture/... ./classify/...

# Debian's kernels 6.1 and 6.12 under qemu, emulated: no root, nothing is installed.
.PHONY: test-kernels
test-kernels: ## live capture on older kernels, in virtual machines; needs qemu-system-x86_64 and apt-get
	CHOKEPOINT_KERNELS=1 go test -count=1 ./bpf/kernels

.PHONY: fuzz-smoke
fuzz-smoke:
	.ci/fuzz 60

.PHONY: fuzz
fuzz: ## every fuzz target, a minute in all; SECONDS=600 for longer
	.ci/fuzz $(or $(SECONDS),60)

.PHONY: bench
bench: build ## speed and memory beside gopacket and tshark, as root also live capture; minutes
	go test -run '^$$' -bench . -benchtime 200ms ./... | grep -E '^(pkg|Benchmark)'
	go run ./cmd/internal/bench -chokepoint bin/chokepoint all

.PHONY: score
score: ## pcaps/SCORE.md: how well each kind of finding does; as root also on fresh runs of the lab, unless FRESH=0
	go run ./cmd/internal/score -update pcaps/SCORE.md $(if $(filter 0,$(shell id -u)),$(if $(filter 0,$(FRESH)),,-lab -seed $(SEED)))

.PHONY: score-seeds
score-seeds: ## what resets, drops, DNS and their innocent twins come to with SEEDS=10 seeds nobody has seen; needs root
	go build -trimpath -o bin/score ./cmd/internal/score
	bin/score -kept=false -lab -live=false -lines '^[FRZB]|^-$$' -runs $(or $(SEEDS),10) -seed $(SEED) -jobs $(or $(JOBS),8) -keep out/wanting

.PHONY: score-slowed
score-slowed: ## the same of rates, freezes and calls, and what is only slow or bad; needs root
	go build -trimpath -o bin/score ./cmd/internal/score
	bin/score -kept=false -lab -live=false -lines '^[PSCN]|^F1[4-7]|^B16' -runs $(or $(SEEDS),10) -seed $(SEED) -jobs $(or $(JOBS),8) -keep out/wanting

.PHONY: score-rates
score-rates: ## rates drawn at random, to which nothing was fitted: what is found, who is falsely accused? SEEDS=40 settings; needs root
	go build -trimpath -o bin/score ./cmd/internal/score
	bin/score -sweep $(or $(SEEDS),40) -seed $(SEED) -jobs $(or $(JOBS),4) -keep out/swept $(if $(NAMES),-only '$(NAMES)')

.PHONY: score-benign
score-benign: ## 50,000 flows to which nothing is done: who is accused? FLOWS=50000; needs root
	go build -trimpath -o bin/score ./cmd/internal/score
	bin/score -crowd $(or $(FLOWS),50000) -seed $(SEED) -jobs $(or $(JOBS),2) -keep out/false

.PHONY: matrix
matrix: # the lines F and B played on paths that lose and reorder: pcaps/matrix/played.yaml; needs root
	go build -trimpath -o bin/score ./cmd/internal/score
	bin/score -matrix pcaps/matrix/played.yaml -seed 77 -jobs $(or $(JOBS),8) -keep out/false $(if $(NAMES),-only '$(NAMES)')

.PHONY: score-foreign
score-foreign: ## pcaps/FOREIGN.md: captures of other projects, below the folder that CHOKEPOINT_CORPORA names
	@[ -n "$$CHOKEPOINT_CORPORA" ] || { echo "score-foreign: CHOKEPOINT_CORPORA names no folder"; exit 1; }
	go run ./cmd/internal/score -foreign "$$CHOKEPOINT_CORPORA" -update pcaps/FOREIGN.md

.PHONY: score-usc
score-usc: ## policers behind a router with known settings, beside the published detector's verdicts; captures as above, minutes
	@[ -n "$$CHOKEPOINT_CORPORA" ] || { echo "score-usc: CHOKEPOINT_CORPORA names no folder"; exit 1; }
	go run ./cmd/internal/score -usc "$$CHOKEPOINT_CORPORA"

# The objects are checked in: only who changes C needs the compiler, and that one
# version of it, as another would make other bytes.
CLANG := clang-19
STRIP := llvm-strip-19

# It plays in network namespaces of its own. CI has a short one among its tests.
.PHONY: soak
soak: build ## watch under flow churn: does its memory stay flat? MINUTES=10; needs root
	@[ "$$(id -u)" = 0 ] || { echo "soak: needs root for eBPF and its network namespaces: sudo make soak"; exit 1; }
	REQUIRE_BPF=1 go test -count=1 -v -timeout $$(($(MINUTES) + 5))m -run TestSoak ./cmd/internal/soak -soak.for $(MINUTES)m -soak.program $(CURDIR)/bin/chokepoint

.PHONY: generate
generate: ## eBPF objects from C; needs clang-19 and llvm-strip-19
	@command -v $(CLANG) >/dev/null && command -v $(STRIP) >/dev/null || { echo "generate: $(CLANG) or $(STRIP) is missing: Debian's packages clang-19 and llvm-19 have them"; exit 1; }
	go generate ./bpf/...

.PHONY: objects
objects: # made anew, they are those checked in
	@if ! command -v $(CLANG) >/dev/null || ! command -v $(STRIP) >/dev/null; then \
		if [ "$$REQUIRE_BPF" = 1 ]; then echo "objects: $(CLANG) or $(STRIP) is missing"; exit 1; fi; \
		echo "skipped: eBPF objects are not made anew without $(CLANG) and $(STRIP)"; exit 0; fi; \
	before=$$(cat $$(git ls-files 'bpf/*.o' 'bpf/*_bpfel.go') | sha256sum); go generate ./bpf/...; \
	after=$$(cat $$(git ls-files 'bpf/*.o' 'bpf/*_bpfel.go') | sha256sum); \
	[ "$$before" = "$$after" ] || { echo "objects: not those that the C sources give; make generate, and commit"; git status --short bpf; exit 1; }

.PHONY: browser
browser: ## HTML reports in a real browser; needs node, npm and chromium
	cd cmd/internal/report/html/browser && npm ci --no-audit --no-fund --silent
	REQUIRE_CHROMIUM=1 go test -count=1 -v ./cmd/internal/report/html/browser

# Pictures of reports in README and docs: look at them before they are committed.
.PHONY: screenshots
screenshots: build ## docs/screenshots, from reports of bundled captures; needs node, npm and chromium
	cd cmd/internal/report/html/browser && npm ci --no-audit --no-fund --silent
	mkdir -p out/reports docs/screenshots
	for c in pcaps/*/client.pcapng pcaps/recorded/shaped-after-burst/client.pcapng.zst; do \
		bin/chokepoint analyze -q --full --html out/reports/$$(basename $$(dirname $$c)).html $$c >/dev/null || exit 1; done
	node cmd/internal/report/html/browser/shots.mjs out/reports docs/screenshots

.PHONY: rules
rules: ## classify/service/compiled.json from the YAML of the services; needs nothing but Go
	go generate ./classify/service

.PHONY: golden
golden: ## write the files that golden tests compare with; then read the diff
	go test -count=1 $$(grep -rl --include='*_test.go' 'flag.Bool("update"' . | xargs -n 1 dirname | sort -u) -update
	git diff --stat

# It plays in network namespaces of its own and leaves nothing but its recordings.
.PHONY: lab
lab: build ## every scenario of the lab, recorded into out/lab; needs root
	@[ "$$(id -u)" = 0 ] || { echo "lab: needs root for its network namespaces: sudo make lab"; exit 1; }
	bin/chokepoint lab record --all --force -d out/lab --jobs 3

.PHONY: recordings
recordings: # scenarios played anew and kept in pcaps/recorded; NAMES='reset-race freeze-16k', none: those in there; needs root
	@[ "$$(id -u)" = 0 ] || { echo "recordings: needs root for its network namespaces"; exit 1; }
	go run ./cmd/internal/keep $(or $(NAMES),$(notdir $(patsubst %/,%,$(wildcard pcaps/recorded/*/))))

.PHONY: clean
clean: ## remove what was built
	rm -rf bin out
