import { randomBytes, randomInt } from "node:crypto";

/**
 * What must never show up in a log, made so that it is recognised wherever it does: numbers of one range, texts that
 * all carry one word, and the secrets of the run.
 */
export interface Traces {
  /** A recipient that nobody else uses; the lab delivers to it. */
  newNumber(): string;
  /** A text that nobody else uses. */
  newText(): string;
  /** Remembers a secret: an API key, a token. */
  addSecret(secret: string): void;
  /** The places in a log where something of it can be read, each with the line it is in. */
  findIn(log: string): string[];
}

/** The lab's scenario numbers. */
const SCENARIO_NUMBER = "1500555\\d{4}";
/** Shown around a finding, in characters. */
const SHOWN = 160;

/** Makes the traces of one run. */
export function createTraces(): Traces {
  const range = `4915${randomInt(1_000, 10_000)}`;
  const word = `Blaubeere${randomBytes(4).toString("hex")}`;
  const secrets: string[] = [];
  let numbers = 0;
  let texts = 0;
  return {
    newNumber() {
      numbers += 1;
      return `+${range}${String(numbers).padStart(5, "0")}`;
    },
    newText() {
      texts += 1;
      return `${word} number ${texts}`;
    },
    addSecret: (secret) => secrets.push(secret),
    findIn(log) {
      const patterns = [`${range}\\d{5}`, SCENARIO_NUMBER, word, ...secrets.map(escapePattern)];
      return [...log.matchAll(new RegExp(patterns.join("|"), "g"))].map(({ 0: found, index }) => {
        const shown = log.slice(Math.max(0, index - SHOWN), index + found.length + SHOWN);
        return `"${found}" in: …${shown.replaceAll("\n", "⏎")}…`;
      });
    },
  };
}

function escapePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}
