import type { Repository } from "./repository.ts";

/** What a check found; no finding means that it passed. */
export interface CheckReport {
  /** One line each, beginning with the place where there is one. */
  readonly findings: readonly string[];
  /** Figures worth a glance even when all is well. */
  readonly summary?: string;
}

export interface Check {
  readonly name: string;
  /** One line for `--help`. */
  readonly about: string;
  run(repository: Repository): Promise<CheckReport> | CheckReport;
}
