import { defineConfig } from "vitest/config";

/** Tests run against sources, never against a build: the condition picks `src/index.ts` of every workspace package. */
const SOURCES = ["@sms-gateway/source"];
const NEVER = ["**/node_modules/**", "**/dist/**", "**/.data/**"];

/**
 * Files with servers mostly wait for them (or for an outage to pass), so one more than the two cores of the smallest
 * machine meant for them. Their tests wait for conditions and pass at several times this load.
 */
const WAITING_FILES_AT_ONCE = 3;

/**
 * Whole products under load want the processor more than they wait, and some judge by what a client may expect of a
 * machine that is not at its limit: one per core.
 */
const LOADED_FILES_AT_ONCE = 2;

/**
 * Three projects, one after the other (`groupOrder`): unit, servers, whole products. A test file belongs to exactly one of
 * them, by its name alone, so that none is forgotten. `scripts/test.ts` starts the servers that `int` and `e2e` need.
 *
 * Pools: unit tests are pure computation in many small files, so threads, which start faster. The others hold
 * sockets and start programs: forks, whose end closes whatever a failed test has left open.
 */
export default defineConfig({
  resolve: { conditions: SOURCES },
  ssr: { resolve: { conditions: SOURCES } },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["**/*.test.ts"],
          exclude: [...NEVER, "**/*.int.test.ts", "e2e/**"],
          pool: "threads",
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: "e2e",
          include: ["e2e/**/*.test.ts"],
          exclude: NEVER,
          pool: "forks",
          maxWorkers: LOADED_FILES_AT_ONCE,
          testTimeout: 180_000,
          hookTimeout: 180_000,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          name: "int",
          include: ["**/*.int.test.ts"],
          exclude: [...NEVER, "e2e/**"],
          pool: "forks",
          maxWorkers: WAITING_FILES_AT_ONCE,
          testTimeout: 30_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
