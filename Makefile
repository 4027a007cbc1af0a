# The commands of this project. `make help` lists them.
# Two shapes, one set of commands: Docker Compose where an engine answers, else without Docker; MODE=docker|standalone
# decides (see docs/development.md).
SHELL := /bin/sh
.DEFAULT_GOAL := help

PNPM := npx --yes pnpm@10
# Without the program tsx and without its cache, which lie outside of this folder; scripts start as fast.
export TSX_DISABLE_CACHE := 1
RUN := node --import tsx --conditions=@sms-gateway/source
ARGS ?=
FILE ?=

.PHONY: help up down logs logs-b reset build test test-a test-b lint fmt check docs dev bench chaos fuzz admin dlq export import install

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# So that what is told as the time it took counts the installing.
up: export UP_STARTED_AT_S := $(shell date +%s)
up: install ## Install, build and start everything, wait until it is healthy, print addresses and key
	@$(RUN) scripts/up.ts

down: install ## Stop everything; data and accepted messages stay
	@$(RUN) scripts/down.ts

logs: install ## Follow the gateway's log
	@$(RUN) scripts/logs.ts gateway

logs-b: install ## Follow the worker's log
	@$(RUN) scripts/logs.ts worker

reset: install ## Stop everything and delete all data, after asking (FORCE=1: without)
	@$(RUN) scripts/reset.ts

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

dev: install ## Run everything from sources in the foreground, restarted on change; Ctrl-C ends it
	@$(RUN) scripts/dev.ts

bench: install ## Measure; `make bench ARGS=--quick` for a short run
	@$(RUN) bench/run.ts $(ARGS) $(filter --%,$(MAKECMDGOALS))

chaos: install ## Break everything under load and judge what became of each message; ARGS=--list names the ways
	@node_modules/.bin/tsc -b
	@$(RUN) chaos/run.ts $(ARGS) $(filter --%,$(MAKECMDGOALS))

fuzz: install ## Ask every route thousands of valid, nearly valid and hostile requests; ARGS=--short for a few
	@node_modules/.bin/tsc -b
	@$(RUN) chaos/fuzz.ts $(ARGS) $(filter --%,$(MAKECMDGOALS))

# `make bench -- --quick`: make takes the options for goals.
--%:
	@:

admin: install ## Operate: make admin ARGS='provider disable plivo'
	@$(RUN) scripts/admin.ts $(ARGS)

dlq: install ## List dead letters; requeue or discard them: make dlq ARGS='requeue all'
	@$(RUN) scripts/dlq.ts $(ARGS)

export: install ## Write all data of this installation into a file: make export FILE=sms.dump
	@$(RUN) scripts/export.ts $(if $(FILE),"$(FILE)")

import: install ## Read such a file into a new, empty installation: make import FILE=sms.dump
	@$(RUN) scripts/import.ts $(if $(FILE),"$(FILE)")

install: node_modules/.installed

node_modules/.installed: pnpm-lock.yaml package.json pnpm-workspace.yaml $(wildcard packages/*/package.json services/*/package.json e2e/package.json bench/package.json chaos/package.json scripts/package.json) packages/db/prisma/schema.prisma
	@node -e 'const [a, b] = process.versions.node.split(".").map(Number); if (a < 20 || (a === 20 && b < 19)) { console.error("Node 20.19 or later is needed; this is " + process.version); process.exit(1); }'
	@echo "Installing packages (first time, or after a change) …"
	@mkdir -p .data/tmp
	@TMPDIR="$(CURDIR)/.data/tmp" $(PNPM) install --frozen-lockfile --reporter=silent
	@# Relative, since tsx has a socket there, whose path may have 107 bytes at most.
	@cd packages/db && PATH="$(CURDIR)/node_modules/.bin:$$PATH" TMPDIR=../../.data/tmp node --import tsx prisma/generate.ts
	@touch $@
