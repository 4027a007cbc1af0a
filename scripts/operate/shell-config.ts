/** What the shell may say to a command, beside the settings of the services. */
export type ShellSetting =
  /** The shape to work on: `docker` or `standalone`. */
  | "MODE"
  /** `1`: delete without asking. */
  | "FORCE"
  /** The database to operate on, in place of the one of what runs here. */
  | "DATABASE_URL"
  /** Compose's name for its containers and volumes. */
  | "COMPOSE_PROJECT_NAME"
  /** Certificates that this machine trusts beside the usual ones. */
  | "NODE_EXTRA_CA_CERTS"
  /** When `make up` began, in s since 1970; set by the Makefile. */
  | "UP_STARTED_AT_S";

/** One of them, of the shell alone; an empty value counts as not set. */
export function readShell(name: ShellSetting): string | undefined {
  return process.env[name] || undefined;
}

/** Everything that the shell says, for programs and services that this command starts. */
export function shellEnvironment(): NodeJS.ProcessEnv {
  return process.env;
}
