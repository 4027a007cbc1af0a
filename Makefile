# The commands of this project. `make help` lists them.
# Two shapes, one set of commands: Docker Compose where an engine answers, else without Docker (see docs/development.md).
SHELL := /bin/sh
.DEFAULT_GOAL := help

PNPM := npx --yes pnpm@10
RUN := node_modules/.bin/tsx --conditions=@sms-gateway/source
ARGS ?=

.PHONY: help up down logs logs-b build test test-a test-b lint fmt check docs dev bench admin install

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: install ## Install, build and start everything, wait until it is healthy, print addresses and key
	@$(RUN) scripts/up.ts

down: install ## Stop everything; data and accepted messages stay
	@$(RUN) scripts/down.ts

logs: install ## Follow the gateway's log
	@$(RUN) scripts/logs.ts gateway

logs-b: install ## Follow the worker's log
	@$(RUN) scripts/logs.ts worker

build: install ## Build the packages, and the images where a Docker Engine answers
	@$(RUN) scripts/build.ts

test: install ## Run the whole suite against real servers
	@$(RUN) scripts/test.ts $(ARGS)

test-a: install ## Run the gateway's tests
	@$(RUN) scripts/test.ts services/gateway $(ARGS)

test-b: install ## Run the worker's tests
	@$(RUN) scripts/test.ts services/worker $(ARGS)

lint: install ## Lint and check types, rooms and budgets (the same as check)
	@$(RUN) scripts/check.ts $(ARGS)

fmt: install ## Format the code
	@node_modules/.bin/biome check --write .

check: install ## Everything that a script can check: format, lint, types, rooms, dead code, budgets, docs
	@$(RUN) scripts/check.ts $(ARGS)

docs: install ## Write the settings tables and the OpenAPI document from the code
	@$(RUN) scripts/docs.ts
	@$(RUN) scripts/openapi.ts

dev: install ## Run gateway, worker and carrier lab from sources, with servers of their own, in the foreground
	@$(RUN) scripts/dev.ts

bench: install ## Measure; `make bench ARGS=--quick` for a short run
	@$(RUN) bench/run.ts $(ARGS)

admin: install ## Operate: make admin ARGS='provider disable plivo'
	@$(RUN) scripts/admin.ts $(ARGS)

install: node_modules/.installed

node_modules/.installed: pnpm-lock.yaml package.json pnpm-workspace.yaml $(wildcard packages/*/package.json services/*/package.json e2e/package.json bench/package.json scripts/package.json) packages/db/prisma/schema.prisma
	@echo "Installing packages (first time, or after a change) …"
	@$(PNPM) install --frozen-lockfile --reporter=silent
	@$(PNPM) --silent --filter @sms-gateway/db run generate
	@touch $@
