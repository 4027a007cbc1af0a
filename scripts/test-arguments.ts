const PROJECTS = ["unit", "int", "e2e"] as const;
type Project = (typeof PROJECTS)[number];

/** What `scripts/test.ts` was asked to do. */
export type TestArguments = {
  readonly projects: readonly Project[];
  /** File filters and options that vitest takes as they are. */
  readonly forVitest: readonly string[];
  readonly build: boolean;
};

/**
 * Reads `[unit|int|e2e|path filter|--no-build|vitest option]…`. Projects may be named in any number; none means all.
 */
export function readTestArguments(args: readonly string[]): TestArguments {
  const projects = PROJECTS.filter((project) => args.includes(project));
  return {
    projects: projects.length === 0 ? PROJECTS : projects,
    forVitest: args.filter((arg) => arg !== "--no-build" && !PROJECTS.some((project) => project === arg)),
    build: !args.includes("--no-build"),
  };
}
