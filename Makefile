GO ?= go
BIN := bin
TOOLS := $(CURDIR)/$(BIN)/tools
export GOFLAGS += -buildvcs=false

# Versions of the tools that make check uses; they are not part of the module.
GOLANGCI := v2.15.0
GOFUMPT := v0.12.0
AXE := 4.14.1
ASYNCAPI := 3.6.6
GOVULNCHECK := v1.9.0
CYCLONEDX := v1.10.0
NATSCLI := v0.5.1

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## build bin/trueup
	@mkdir -p $(BIN)
	CGO_ENABLED=0 $(GO) build -trimpath -o $(BIN)/trueup ./cmd/trueup

.PHONY: run
run: build ## start the worker with its embedded broker and demo data
	./$(BIN)/trueup run --demo

# The packages that take longest begin first, three at once: two of them wait
# for processes more than they work.
.PHONY: test
test: ## run every test; needs Go, gcc, make and git
	$(GO) test -p 3 ./internal/torture ./cmd/trueup ./internal/scenario ./store ./...

.PHONY: books
books: ## have hledger add up the journals; installs it with apt-get where it is missing
	@command -v hledger >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends hledger; }
	$(GO) test -count=1 -tags books -run '^TestBooks' ./cmd/trueup

.PHONY: alerts
alerts: ## have promtool check and test the alerts and the dashboard's queries; installs it with apt-get where it is missing
	@command -v promtool >/dev/null || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends prometheus; }
	$(GO) test -count=1 -tags alerts -run '^TestAlerts' ./cmd/trueup

$(TOOLS)/axe-$(AXE).js:
	@mkdir -p $(TOOLS)
	@command -v npm >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends npm; }
	cd $(TOOLS) && npm pack --silent axe-core@$(AXE) && tar -xzOf axe-core-$(AXE).tgz package/axe.min.js > $@.new
	rm $(TOOLS)/axe-core-$(AXE).tgz && mv $@.new $@

.PHONY: chromium
chromium: # Debian's, where it is missing
	@command -v chromium >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; }

E2E := TRUEUP_PROGRAM=$(CURDIR)/$(BIN)/trueup AXE=$(TOOLS)/axe-$(AXE).js $(GO) test -count=1 -tags e2e -timeout 30m -v ./internal/e2e

.PHONY: e2e
e2e: build chromium $(TOOLS)/axe-$(AXE).js ## drive the pages in Chromium, as people do; installs it with apt-get where it is missing
	$(E2E)

.PHONY: screenshots
screenshots: build chromium $(TOOLS)/axe-$(AXE).js ## write pictures of every page to docs/screenshots
	@mkdir -p docs/screenshots
	SCREENSHOTS=$(CURDIR)/docs/screenshots $(E2E) -run '^TestScreenshots$$'

.PHONY: scale
scale: ## measure every page of a ledger of 10,000 payees and 1,000,000 entries, which is filled first
	TRUEUP_SCALE=full $(GO) test -count=1 -timeout 2h -v -run '^TestPagesOfACrowd$$' ./cmd/trueup

.PHONY: torture
torture: ## run the fault tests at full length (docs/reliability.md); TRUEUP_SEED=n draws others
	TRUEUP_TORTURE=long $(GO) test -count=1 -timeout 4h -parallel 4 -v ./internal/torture/... ./store ./consumers ./internal/scenario

.PHONY: race
race: ## run the tests with the race detector
	$(GO) test -race -short ./...

.PHONY: fuzz
FUZZTIME ?= 10s
fuzz: ## fuzz every decoder for FUZZTIME each (default 10s)
	@for pkg in $$(grep -rl --include='*_test.go' '^func Fuzz' cmd consumers deploy docs domain internal store | xargs -n1 dirname | sort -u | sed 's,^,./,'); do \
	  for f in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz'); do \
	    echo "$$pkg $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) $$pkg || exit 1; \
	  done; \
	done

.PHONY: bench
bench: ## measure the worker against others (bench/); installs Postgres 15 with apt-get where it is missing
	@command -v initdb >/dev/null || test -x /usr/lib/postgresql/15/bin/initdb || \
	  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql-15; } || \
	  echo "bench: no Postgres: going on without the workers that need it" >&2
	cd bench && $(GO) run . $(BENCHFLAGS)

$(TOOLS)/golangci-lint:
	GOBIN=$(TOOLS) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI)

$(TOOLS)/gofumpt:
	GOBIN=$(TOOLS) $(GO) install mvdan.cc/gofumpt@$(GOFUMPT)

.PHONY: lint
lint: $(TOOLS)/golangci-lint $(TOOLS)/gofumpt ## gofumpt, vet and golangci-lint
	@test -z "$$($(TOOLS)/gofumpt -l . | tee /dev/stderr)"
	$(GO) vet -tags books,e2e,alerts ./...
	$(TOOLS)/golangci-lint run

.PHONY: generate
generate: ## write what is generated in docs: schemas, the API, the event catalogue, the plan reference
	$(GO) run ./cmd/trueup plan schema > docs/plan.schema.json.new
	mv docs/plan.schema.json.new docs/plan.schema.json
	$(GO) run ./internal/openapi > docs/openapi.json.new
	mv docs/openapi.json.new docs/openapi.json
	$(GO) run ./internal/catalogue

.PHONY: generated
generated: ## check that go.mod, go.sum and what is generated are as they should be
	$(GO) mod tidy -diff
	$(GO) run ./cmd/trueup plan schema | diff -u docs/plan.schema.json -
	$(GO) run ./internal/openapi | diff -u docs/openapi.json -
	$(GO) test -count=1 -run '^TestDocumentsAreAsTheCode$$' ./internal/catalogue

.PHONY: asyncapi
asyncapi: ## have AsyncAPI's own parser read docs/asyncapi.yaml and what it refers to; installs npm where it is missing
	@mkdir -p $(TOOLS)/asyncapi
	@command -v npm >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends npm; }
	cd $(TOOLS)/asyncapi && npm install --silent --no-save --prefix . @asyncapi/parser@$(ASYNCAPI)
	NODE_PATH=$(TOOLS)/asyncapi/node_modules node internal/catalogue/testdata/asyncapi.cjs docs/asyncapi.yaml

.PHONY: units
units: ## have systemd judge the unit and strace the worker's system calls; installs them with apt-get where they are missing
	@command -v systemd-analyze >/dev/null && command -v strace >/dev/null || \
	  { apt-get update -qq && apt-get install -y -qq --no-install-recommends systemd strace; }
	TRUEUP_TOOLS=1 $(GO) test -count=1 -run '^Test(Unit.*|Notify|SystemCalls)$$' ./deploy

$(TOOLS)/nats:
	GOBIN=$(TOOLS) $(GO) install github.com/nats-io/natscli/nats@$(NATSCLI)

.PHONY: deploy-check
deploy-check: $(TOOLS)/nats ## hold image, compose and Kubernetes against what reads them; type what docs/deploy.md says of the broker
	PATH=$(TOOLS):$$PATH TRUEUP_TOOLS=1 $(GO) test -count=1 -run '^Test(EmptyRoot|BrokerAsThePageSays)$$' ./deploy
	cd deploy/check && $(GO) test -count=1 ./...

$(TOOLS)/govulncheck:
	GOBIN=$(TOOLS) $(GO) install golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK)

.PHONY: vulns
VULNDB ?= https://vuln.go.dev
vulns: $(TOOLS)/govulncheck ## look for known vulnerabilities in what is called; VULNDB is the database (default vuln.go.dev)
	$(TOOLS)/govulncheck -db $(VULNDB) ./...

.PHONY: licences
licences: ## hold the licences of all that is built in against those we may ship
	$(GO) run ./deploy/licences -list

$(TOOLS)/cyclonedx-gomod:
	GOBIN=$(TOOLS) $(GO) install github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@$(CYCLONEDX)

VERSION ?= $(shell git describe --tags --always --dirty)
RELEASE = SBOM=$(TOOLS)/cyclonedx-gomod deploy/release.sh
RELEASED = $(VERSION) $(shell git rev-parse HEAD) $(shell git log -1 --format=%ct)

.PHONY: release
release: $(TOOLS)/cyclonedx-gomod ## make the archives of a release in dist; VERSION is git's description
	rm -rf dist
	$(RELEASE) $(CURDIR)/dist $(RELEASED)

.PHONY: release-check
release-check: release ## make the release again in another folder, and compare every byte
	rm -rf $(BIN)/again && mkdir -p $(BIN)/again/elsewhere
	git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t $(BIN)/again/elsewhere
	cd $(BIN)/again/elsewhere && $(RELEASE) $(CURDIR)/$(BIN)/again/dist $(RELEASED)
	diff -r dist $(BIN)/again/dist && (cd dist && sha256sum -c SHA256SUMS)

.PHONY: check
check: lint generated licences vulns race fuzz ## everything before a change is taken: lint, generated files, licences, vulnerabilities, race, fuzz

.PHONY: clean
clean: ## remove what was built; data stays
	rm -rf $(BIN)
