/** What a process that a test starts gets of this one's environment: where programs lie, and no setting. */
export function inheritedEnvironment(): Record<string, string> {
  return { PATH: process.env.PATH ?? "" };
}
