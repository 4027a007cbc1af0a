/** The environment in which Prisma's generator runs: what this process has, and nothing from the network. */
export function generatorEnvironment(): NodeJS.ProcessEnv {
  return {
    ...process.env,
    // Only an existing executable is asked for, none is run; without it Prisma would download an engine.
    PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
    PRISMA_HIDE_UPDATE_MESSAGE: "1",
    CHECKPOINT_DISABLE: "1",
  };
}
