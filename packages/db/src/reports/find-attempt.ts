import type { Database } from "../connections.ts";
import { FIND_ATTEMPT_BY_PROVIDER_MESSAGE_ID } from "../sql/find-attempt-by-provider-message-id.ts";
import { runStatement } from "../transaction.ts";

/** Which attempt a provider's message id stands for. */
export interface AttemptReference {
  readonly messageId: string;
  readonly attemptNumber: number;
  /** Whoever applies a report compares it with the account whose secret verified the report. */
  readonly account: "live" | "lab";
}

/** The attempt that the provider knows by this id; `undefined` when there is none, or none yet. */
export async function findAttemptByProviderMessageId(
  db: Database,
  provider: string,
  providerMessageId: string,
): Promise<AttemptReference | undefined> {
  const [row] = await runStatement<{ message_id: string; number: number; account: "live" | "lab" }>(
    db,
    FIND_ATTEMPT_BY_PROVIDER_MESSAGE_ID,
    [provider, providerMessageId],
  );
  return row && { messageId: row.message_id, attemptNumber: row.number, account: row.account };
}
