import { expect } from "vitest";
import type { Product } from "./product.ts";

/** Checks what every run's logs must be: JSON line by line, and without numbers, texts and secrets. */
export function expectCleanLogs(product: Product): void {
  for (const { name, text } of product.readOutputs()) {
    expect(product.traces.findIn(text), `traces in the log of ${name}`).toEqual([]);
    const broken = readLines(text).filter((line) => parseLine(line) === undefined);
    expect(broken, `lines of ${name} that are no JSON objects`).toEqual([]);
  }
}

/** Lines of level error or fatal: our own faults, which no client can cause. */
export function findFaultLines(product: Product): string[] {
  return product.readOutputs().flatMap(({ text }) =>
    readLines(text).filter((line) => {
      const level = parseLine(line)?.level;
      return level === "error" || level === "fatal";
    }),
  );
}

function readLines(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}

function parseLine(line: string): { level: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== "object" || value === null || !("level" in value)) return undefined;
    return { level: value.level };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
