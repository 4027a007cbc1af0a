import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { type ChosenShape, chooseMode, chooseShape, rememberedMode, rememberMode, type ShapeFacts } from "./mode.ts";

const NOTHING: ShapeFacts = { wanted: undefined, servers: [], remembered: undefined, dockerAnswers: () => false };
const choose = (facts: Partial<ShapeFacts>): ChosenShape => chooseShape({ ...NOTHING, ...facts });

describe("the shape", () => {
  test("is standalone where no engine answers, docker where one does", () => {
    expect(choose({})).toEqual({ mode: "standalone", why: "no Docker Engine answers" });
    expect(choose({ dockerAnswers: () => true }).mode).toBe("docker");
  });

  test("is what MODE says, without a question to the engine", () => {
    const dockerAnswers = () => expect.unreachable("the engine is asked");
    expect(choose({ wanted: "standalone", dockerAnswers })).toEqual({ mode: "standalone", why: "MODE=standalone" });
    expect(choose({ wanted: "docker", dockerAnswers }).mode).toBe("docker");
    expect(() => choose({ wanted: "podman" })).toThrow('MODE must be docker or standalone, not "podman"');
  });

  test("an empty MODE decides nothing", () => {
    expect(choose({ wanted: "" }).mode).toBe("standalone");
  });

  test("stays where the data is", () => {
    expect(choose({ remembered: "standalone", dockerAnswers: () => true }).mode).toBe("standalone");
    expect(choose({ remembered: "docker", dockerAnswers: () => true }).mode).toBe("docker");
    expect(() => choose({ remembered: "docker" })).toThrow("no Docker Engine answers now");
  });

  test("MODE overrides where the data is", () => {
    expect(choose({ remembered: "standalone", wanted: "docker" }).mode).toBe("docker");
    expect(choose({ remembered: "docker", wanted: "standalone" }).mode).toBe("standalone");
  });

  test("is standalone with DATABASE_URL alone, even where an engine answers", () => {
    expect(choose({ servers: ["DATABASE_URL"], dockerAnswers: () => true }).mode).toBe("standalone");
    expect(() => choose({ servers: ["DATABASE_URL"], wanted: "docker" })).toThrow("unset one of the two");
  });

  test.each([
    [["RABBITMQ_URL"], "RABBITMQ_URL is set, but not REDIS_URL and DATABASE_URL"],
    [["RABBITMQ_URL", "REDIS_URL"], "RABBITMQ_URL and REDIS_URL are set, but not DATABASE_URL"],
    [["REDIS_URL", "DATABASE_URL"], "REDIS_URL is set, but not RABBITMQ_URL"],
  ])("half a set of servers is refused by name: %s", (servers, message) => {
    expect(() => choose({ servers })).toThrow(message);
    expect(() => choose({ servers, wanted: "standalone" })).toThrow(message);
  });

  test("servers of one's own are told how to be used", () => {
    expect(() => choose({ servers: ["RABBITMQ_URL", "REDIS_URL", "DATABASE_URL"] })).toThrow(
      "node services/worker/dist/main.js",
    );
  });
});

test("MODE in .env counts like that of the environment, which goes before", () => {
  const root = mkdtempSync(join(tmpdir(), "mode-"));
  try {
    for (const name of ["RABBITMQ_URL", "REDIS_URL", "DATABASE_URL", "MODE"]) vi.stubEnv(name, "");
    writeFileSync(join(root, ".env"), "MODE=docker\n");
    rememberMode(root, "standalone");
    expect(chooseMode(root, { remembered: "standalone" })).toEqual({ mode: "docker", why: "MODE=docker" });
    expect(rememberedMode(root)).toBe("docker");
    vi.stubEnv("MODE", "standalone");
    expect(rememberedMode(root)).toBe("standalone");
  } finally {
    vi.unstubAllEnvs();
    rmSync(root, { recursive: true });
  }
});
