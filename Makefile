# What people and CI run. `make demo` and `make test` need nothing but Go and make.

GO     ?= go
DIR    ?= lacuna-demo
TOOLS  := scripts/tools
BINARY := build/lacuna

export CGO_ENABLED := 0

.PHONY: help demo build test test-arm64 race lint fmt bench generate

help: ## list the targets
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort

demo: build ## make a dataset, train, export, report: in ./lacuna-demo, or in a bucket of a local S3 server with S3=1
ifdef S3
	$(GO) run ./scripts/withs3 -bucket lacuna -folder $(DIR)-s3 -- $(BINARY) demo s3://lacuna/demo --set s3.path_style=true
else
	$(BINARY) demo $(DIR)
endif

build: ## the static binary, in build/
	$(GO) build -trimpath -ldflags="-s -w" -o $(BINARY) .

test: ## every test; says what it had to skip
	$(GO) test ./...

test-arm64: ## the kernels' tests for arm64, emulated by qemu; says so where it is missing
	@if command -v qemu-aarch64-static >/dev/null; then \
		GOARCH=arm64 $(GO) vet ./model/cpu/kernel && GOARCH=arm64 $(GO) test -exec qemu-aarch64-static ./model/cpu/kernel; \
	else echo "skipped: qemu-aarch64-static is not installed (Debian: qemu-user-static)"; fi

race: ## the tests of concurrent code under the race detector (needs a C compiler)
	CGO_ENABLED=1 $(GO) test -race -short ./arrowio/... ./jobs/... ./model/ ./model/cpu/

lint: ## gofmt, go vet, staticcheck
	@test -z "$$(gofmt -l . | tee /dev/stderr)" || (echo "run make fmt"; exit 1)
	$(GO) vet ./...
	$(GO) build -C $(TOOLS) -o ../../build/staticcheck honnef.co/go/tools/cmd/staticcheck
	build/staticcheck ./...

fmt: ## gofmt everything
	gofmt -w .

bench: build ## rows/s of train, embed and score on this machine
	$(BINARY) bench

generate: ## the assembly, the job-file reference
	$(GO) generate ./...
