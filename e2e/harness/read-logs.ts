import { expect } from "vitest";
import type { ProductFace } from "./product-face.ts";

/** Checks what every run's logs must be: JSON line by line, and without numbers, texts and secrets. */
export function expectCleanLogs(product: ProductFace): void {
  for (const { name, text } of product.readOutputs()) {
    expect(product.traces.findIn(text), `traces in the log of ${name}`).toEqual([]);
    const broken = readLines(text).filter((line) => parseLine(line) === undefined);
    expect(broken, `lines of ${name} that are no JSON objects`).toEqual([]);
  }
}

/** What was logged as error or fatal, each once: our own faults, which no client can cause. */
export function findFaults(product: ProductFace): string[] {
  const faults = product.readOutputs().flatMap(({ name, text }) =>
    readLines(text).flatMap((line) => {
      const { level, event, err } = parseLine(line) ?? {};
      return level === "error" || level === "fatal" ? [`${name}: ${event} ${JSON.stringify(err)?.slice(0, 500)}`] : [];
    }),
  );
  return [...new Set(faults)];
}

function readLines(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}

function parseLine(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && "level" in value ? { ...value } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
