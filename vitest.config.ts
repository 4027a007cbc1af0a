import { defineConfig } from "vitest/config";

/** Tests run against sources, never against a build: the condition picks `src/index.ts` of every workspace package. */
const SOURCES = ["@sms-gateway/source"];
const NEVER = ["**/node_modules/**", "**/dist/**", "**/.data/**"];

/**
 * Files with servers mostly wait for them (or for an outage to pass), so one more than the two cores of the smallest
 * machine meant for them. Their tests wait for conditions.
 */
const WAITING_FILES_AT_ONCE = 3;

/**
 * Whole products under load want the processor more than they wait, and some judge by what a client may expect of a
 * machine that is not at its limit: one per core.
 */
const LOADED_FILES_AT_ONCE = 2;

/** What `expect.poll` waits at most, as `waitFor` of the testkit does. */
const CONDITION_WITHIN_MS = 30_000;

/** When a test hangs: no test is judged by how long it takes, and the slowest of a busy machine end well before. */
const HANGS_AFTER_MS = 300_000;

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
    expect: { poll: { timeout: CONDITION_WITHIN_MS } },
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["**/*.test.ts"],
          exclude: [...NEVER, "**/*.int.test.ts", "e2e/**"],
          pool: "threads",
          testTimeout: HANGS_AFTER_MS,
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
          testTimeout: HANGS_AFTER_MS,
          hookTimeout: HANGS_AFTER_MS,
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
          testTimeout: HANGS_AFTER_MS,
          hookTimeout: HANGS_AFTER_MS,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
