import { changeMessages, type StatusChange } from "../change/change-messages.ts";
import type { AttemptRow, LockedMessage } from "../change/locked-message.ts";
import type { MessageChange } from "../change/message-change.ts";
import type { Database } from "../connections.ts";
import { FIND_CLAIMED_ATTEMPTS } from "../sql/find-claimed-attempts.ts";
import { inTransaction, runStatement } from "../transaction.ts";

/** Certain: whoever claimed it never learned of it, so nobody has called a provider. */
const CLAIM_LOST = {
  errorCode: "CLAIM_LOST",
  errorMessage: "The database took the claim and its answer was lost; the provider was not called.",
};

/** What giving claims back has changed. */
export interface GivenBack {
  /** The claims that had been committed. */
  readonly claimIds: readonly string[];
  /** Their messages are `queued` and due. */
  readonly changes: readonly StatusChange[];
}

/**
 * Gives back what was claimed by claims whose answer never came: their attempts end `try_later`, and their messages
 * are due again at once, for the same provider. Only for claims of the caller's own that have rejected.
 * @throws DatabaseUnavailableError when the database is away.
 */
export async function giveBackClaims(db: Database, claimIds: readonly string[]): Promise<GivenBack> {
  const rows = await inTransaction(db, (tx) => runStatement<ClaimedAttempt>(tx, FIND_CLAIMED_ATTEMPTS, [claimIds]));
  const numbers = new Map(rows.map((row) => [row.message_id, row.number]));
  const changes = await changeMessages(db, [...numbers.keys()], "submit", (message, attempts) =>
    giveBack(message, attempts, numbers.get(message.id)),
  );
  return { claimIds: [...new Set(rows.map((row) => row.claim_id))], changes };
}

interface ClaimedAttempt {
  claim_id: string;
  message_id: string;
  number: number;
}

function giveBack(
  message: LockedMessage,
  attempts: readonly AttemptRow[],
  number: number | undefined,
): MessageChange | null {
  // Unknown: its lease was over before this worker reached the database again.
  const isUnsettled = ({ outcome }: AttemptRow): boolean => outcome === null || outcome === "unknown";
  const lost = attempts.find((attempt) => attempt.number === number && isUnsettled(attempt));
  if (lost === undefined || lost.reportStatus !== null) return null;
  const settled: MessageChange = { attempts: [{ number: lost.number, outcome: "try_later", ...CLAIM_LOST }] };
  // An earlier attempt of unknown outcome was no obstacle to the claim, so it is none to the way back.
  const isAskedAgain = attempts.some(
    (attempt) => attempt !== lost && (attempt.number > lost.number || attempt.outcome === null),
  );
  if (message.status !== "sending" || isAskedAgain) return settled;
  const eventDetail = { provider: lost.provider, attempt: lost.number, error_code: CLAIM_LOST.errorCode };
  return { ...settled, status: "queued", dueInMs: 0, eventDetail };
}
