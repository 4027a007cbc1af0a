/** An export or import that cannot be done, for a reason that a person can mend; the message says which. */
export class TransferError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "TransferError";
  }
}
