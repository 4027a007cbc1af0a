/** A migration is broken half-way, or its file was changed after it was applied: somebody must look. */
export class MigrationError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "MigrationError";
  }
}
