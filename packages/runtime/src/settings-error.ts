/** One setting that cannot be used, and why. `problem` completes the sentence that starts with the name. */
export interface SettingProblem {
  readonly name: string;
  /** For example `must be at least 1`; never holds the value of a secret. */
  readonly problem: string;
}

/**
 * Every bad setting of a process in one error, so that an operator mends them in one round. Services may throw it
 * themselves for rules that span several settings.
 */
export class SettingsError extends Error {
  readonly problems: readonly SettingProblem[];

  constructor(problems: readonly SettingProblem[]) {
    const heading = problems.length === 1 ? "1 setting is wrong:" : `${problems.length} settings are wrong:`;
    super([heading, ...problems.map(({ name, problem }) => `  ${name} ${problem}`)].join("\n"));
    this.name = "SettingsError";
    this.problems = problems;
  }
}
