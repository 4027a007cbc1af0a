import { expect, test } from "vitest";
import { readTestArguments } from "./test-arguments.ts";

test("without arguments everything is built and run", () => {
  expect(readTestArguments([])).toEqual({ projects: ["unit", "int", "e2e"], forVitest: [], build: true });
});

test("projects are picked out and the rest goes to vitest", () => {
  expect(readTestArguments(["int", "packages/redis", "-t", "keeps", "unit", "--no-build"])).toEqual({
    projects: ["unit", "int"],
    forVitest: ["packages/redis", "-t", "keeps"],
    build: false,
  });
});
