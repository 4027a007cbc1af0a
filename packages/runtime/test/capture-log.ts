import type { DestinationStream } from "pino";

/** A log destination in memory. */
export interface CapturedLog {
  readonly destination: DestinationStream;
  /** Everything written so far, as it would stand in the file. */
  text(): string;
  /** Each line so far, parsed. */
  lines(): Record<string, unknown>[];
}

/** Keeps log lines in memory instead of writing them. */
export function captureLog(): CapturedLog {
  const written: string[] = [];
  return {
    destination: { write: (line) => void written.push(line) },
    text: () => written.join(""),
    lines: () => written.map((line) => JSON.parse(line)),
  };
}
