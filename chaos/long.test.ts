import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { countOffered, type LongWish, type Piece, runLong } from "./long.ts";
import type { ScenarioResult } from "./run-scenario.ts";

describe("a long run", () => {
  let folder = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "sms-gateway-long-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const wish = (more: Partial<LongWish> = {}): LongWish => ({
    seed: 1,
    messages: 240_000,
    settings: { messagesPerSecond: 300, ttlS: 240 },
    minutes: 60,
    folder,
    ...more,
  });

  /** Offers what is wanted, and remembers what that was. */
  function record(disturbances: ScenarioResult["disturbances"] = []) {
    const pieces: Piece[] = [];
    const runPiece = async (piece: Piece): Promise<ScenarioResult> => {
      pieces.push(piece);
      return { ...EMPTY, disturbances, scenario: piece.scenario, seed: piece.seed, offered: piece.messages };
    };
    return { pieces, runPiece };
  }

  test("is done in pieces until all is offered", async () => {
    const { pieces, runPiece } = record();
    expect(countOffered(await runLong(wish(), runPiece))).toBe(240_000);
    expect(pieces.map(({ messages }) => messages)).toEqual([50_000, 50_000, 50_000, 50_000, 40_000]);
  });

  test("stops when its time is over and goes on with the next piece", async () => {
    const all = record();
    await runLong(wish({ folder: join(folder, "all") }), all.runPiece);
    const some = record();
    for (const offered of [50_000, 100_000, 150_000, 200_000, 240_000]) {
      expect(countOffered(await runLong(wish({ minutes: 0 }), some.runPiece))).toBe(offered);
    }
    expect(some.pieces).toEqual(all.pieces);
    expect(JSON.parse(await readFile(join(folder, "long-1.json"), "utf8")).pieces).toHaveLength(5);
  });

  test("has another schedule for another seed, and both shapes in it", async () => {
    const [one, other] = [record(), record()];
    await runLong(wish({ messages: 400_000 }), one.runPiece);
    await runLong(wish({ messages: 400_000, seed: 2 }), other.runPiece);
    expect(one.pieces.map(({ seed }) => seed)).not.toEqual(other.pieces.map(({ seed }) => seed));
    expect(new Set(one.pieces.map(({ scenario }) => scenario))).toEqual(new Set(["random", "standalone-random"]));
  });

  test("goes on with the faults where it left off, each shape by itself", async () => {
    const { pieces, runPiece } = record([{ fault: "kill", tookS: 1, recoveryS: 1 }]);
    await runLong(wish({ messages: 250_000 }), runPiece);
    expect(pieces.map(({ schedule }) => schedule)).toEqual([0, 1, 2, 0, 3].map((from) => ({ seed: 1, from })));
  });

  test("ends with a piece that could not even begin", async () => {
    const failed = async (): Promise<ScenarioResult> => ({ ...EMPTY, problems: ["the run itself failed"] });
    expect((await runLong(wish(), failed)).pieces).toHaveLength(1);
  });

  test("is not continued with other settings", async () => {
    const { runPiece } = record();
    await runLong(wish({ minutes: 0 }), runPiece);
    const settings = { messagesPerSecond: 100, ttlS: 240 };
    await expect(runLong(wish({ settings }), runPiece)).rejects.toThrow("take another seed");
  });
});

const EMPTY: ScenarioResult = {
  scenario: "random",
  shape: "docker",
  seed: 0,
  servers: [],
  messagesPerSecond: 200,
  ttlS: 600,
  commit: "c1",
  at: "2026-01-02T00:00:00.000Z",
  offered: 0,
  accepted: 0,
  delivered: 0,
  otherEnds: {},
  unknown: 0,
  refused: 0,
  unanswered: 0,
  explainedDoubles: 0,
  faults: [],
  disturbances: [],
  quota: undefined,
  reads: undefined,
  loadS: 0,
  settleS: 0,
  reasons: {},
  problems: [],
};
