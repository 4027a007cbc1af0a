/** What was asked cannot be done. The message is for people: what is wrong, and what to do. */
export class OperatorError extends Error {
  override readonly name = "OperatorError";
}

/** Runs a command to its end: its number is the exit code, and an `OperatorError` is printed as it is, with code 1. */
export async function runCommand(command: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await command();
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
