import { seedTimeMs } from "@sms-gateway/contracts";
import { FIND_MESSAGES_OF_SEEDS } from "../sql/find-messages-of-seeds.ts";
import { runStatement, type Transaction } from "../transaction.ts";
import { firstIdAt } from "../uuid.ts";
import { type RequestRows, requestName } from "./request-rows.ts";

type Owner = Pick<RequestRows, "clientId" | "seed">;

/** The messages of the first requests under their keys. */
export interface FirstMessages {
  /** The owner's message for the recipient at the same place as `id`; `undefined` when it has none there. */
  find(owner: Owner, id: string): string | undefined;
}

/**
 * Finds the messages of these owners: among the requests of this transaction, which are not in the database yet, and in
 * the database, where an owner is that locked its key before.
 */
export async function findFirstMessages(
  tx: Transaction,
  requests: readonly RequestRows[],
  owners: readonly Owner[],
): Promise<FirstMessages> {
  const wanted = new Map(owners.map((owner) => [requestName(owner), owner]));
  const messages = new Map<string, string>();
  const add = (owner: Owner, id: string) => messages.set(`${requestName(owner)} ${indexOf(id)}`, id);
  for (const request of requests) {
    if (!wanted.delete(requestName(request))) continue;
    for (const { id } of request.rows) add(request, id);
  }
  const ranges = [...wanted.values()].flatMap((owner) => {
    const timeMs = seedTimeMs(owner.seed);
    if (Number.isNaN(timeMs)) return [];
    const { clientId, seed } = owner;
    return [{ client_id: clientId, seed, first_id: firstIdAt(timeMs), end_id: firstIdAt(timeMs + 1) }];
  });
  if (ranges.length > 0) {
    const values = [JSON.stringify(ranges)];
    const rows = await runStatement<{ id: string; client_id: string; seed: string }>(
      tx,
      FIND_MESSAGES_OF_SEEDS,
      values,
    );
    for (const row of rows) add({ clientId: row.client_id, seed: row.seed }, row.id);
  }
  return { find: (owner, id) => messages.get(`${requestName(owner)} ${indexOf(id)}`) };
}

/** The place of its recipient in the request, which a message's id carries (contracts, `makeMessageId`). */
function indexOf(id: string): string {
  return id.slice(15, 18);
}
