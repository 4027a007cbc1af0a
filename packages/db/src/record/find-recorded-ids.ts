import { FIND_RECORDED_IDS } from "../sql/find-recorded-ids.ts";
import { runStatement, type Transaction } from "../transaction.ts";

/** What an id is recorded as. */
export interface RecordedId {
  readonly seed: string;
  /** The message that answers for it; of a message itself its own. */
  readonly messageId: string;
  readonly isAlias: boolean;
}

/** Those of the ids that are recorded. */
export async function findRecordedIds(tx: Transaction, ids: readonly string[]): Promise<Map<string, RecordedId>> {
  const sorted = [...ids].sort();
  const [lowest] = sorted;
  if (lowest === undefined) return new Map();
  const rows = await runStatement<{ id: string; seed: string; message_id: string }>(tx, FIND_RECORDED_IDS, [
    sorted,
    lowest,
    sorted.at(-1),
  ]);
  return new Map(
    rows.map(({ id, seed, message_id: messageId }) => [id, { seed, messageId, isAlias: id !== messageId }]),
  );
}
