import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { hasCode } from "@sms-gateway/embedded-postgres";
import { createRandom } from "./random.ts";
import { readCommit } from "./read-commit.ts";
import type { ScenarioResult, Schedule } from "./run-scenario.ts";

/** A long run, as far as it has got. It is done in pieces, each a world of its own with a random schedule. */
export interface LongRun {
  readonly seed: number;
  /** Messages to be offered in all. */
  readonly messages: number;
  /** Of the code that is tried: pieces of two versions are no run. */
  readonly commit: string;
  readonly node: string;
  readonly settings: LongSettings;
  readonly pieces: readonly ScenarioResult[];
}

export interface LongSettings {
  readonly messagesPerSecond: number;
  readonly ttlS: number;
}

export interface LongWish {
  readonly seed: number;
  readonly messages: number;
  readonly settings: LongSettings;
  /** No piece but the first begins that is likely to end later than this, from now. */
  readonly minutes: number;
  readonly folder: string;
}

/** What a piece consists of. */
export interface Piece {
  readonly scenario: "random" | "standalone-random";
  readonly seed: number;
  readonly messages: number;
  /** Faults go on where the piece of that shape before has left off. */
  readonly schedule: Schedule;
}

/** So that a piece, with the time until its last messages have ended, takes a few minutes. */
const PIECE_MESSAGES = 50_000;
/** Of the pieces every so many-th tries the standalone shape. */
const STANDALONE_EVERY = 4;
const MS_PER_MINUTE = 60_000;

/**
 * Begins the long run of a seed or goes on with it, piece by piece, and keeps what is done in a file.
 * @returns the run as far as it is now
 * @throws Error when it was begun with other code or other settings
 */
export async function runLong(wish: LongWish, runPiece: (piece: Piece) => Promise<ScenarioResult>): Promise<LongRun> {
  const file = join(wish.folder, `long-${wish.seed}.json`);
  let run = (await readLongRun(file)) ?? (await beginRun(wish));
  await refuseOther(run, wish);
  const startedAtMs = performance.now();
  let longestMs = 0;
  const isTimeOver = () => performance.now() - startedAtMs + longestMs > wish.minutes * MS_PER_MINUTE;
  // At least one, so that whoever calls it again and again gets to the end.
  for (let begun = 0; countOffered(run) < run.messages && (begun === 0 || !isTimeOver()); begun += 1) {
    const pieceStartedMs = performance.now();
    const result = await runPiece(planPiece(run));
    longestMs = Math.max(longestMs, performance.now() - pieceStartedMs);
    run = { ...run, pieces: [...run.pieces, result] };
    await mkdir(wish.folder, { recursive: true });
    await writeFile(file, `${JSON.stringify(run, undefined, 2)}\n`);
    // It failed before it began, and so would the next one.
    if (result.offered === 0) break;
  }
  return run;
}

export function countOffered({ pieces }: LongRun): number {
  return pieces.reduce((sum, { offered }) => sum + offered, 0);
}

/** The next piece, as the run's seed and the number of pieces before have it. */
function planPiece(run: LongRun): Piece {
  const index = run.pieces.length;
  const SEEDS = 1_000_000_000;
  const scenario = index % STANDALONE_EVERY === STANDALONE_EVERY - 1 ? "standalone-random" : "random";
  const before = run.pieces.filter((piece) => piece.scenario === scenario);
  return {
    scenario,
    schedule: { seed: run.seed, from: before.reduce((sum, { disturbances }) => sum + disturbances.length, 0) },
    seed: createRandom(run.seed).fork(`piece ${index}`).int(0, SEEDS),
    messages: Math.min(PIECE_MESSAGES, run.messages - countOffered(run)),
  };
}

/** Undefined when it was not begun. */
async function readLongRun(file: string): Promise<LongRun | undefined> {
  try {
    return JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

async function beginRun({ seed, messages, settings }: LongWish): Promise<LongRun> {
  return { seed, messages, settings, commit: await readCommit(), node: process.version, pieces: [] };
}

async function refuseOther(run: LongRun, { seed, messages, settings }: LongWish): Promise<void> {
  const begun = JSON.stringify([run.commit, run.messages, run.settings]);
  const wanted = JSON.stringify([await readCommit(), messages, settings]);
  if (begun === wanted) return;
  throw new Error(`the long run of seed ${seed} was begun as ${begun}, and this is ${wanted}: take another seed`);
}
