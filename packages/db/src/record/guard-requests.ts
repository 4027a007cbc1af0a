import type { Transaction } from "../transaction.ts";
import { findFirstMessages } from "./find-first-messages.ts";
import { findRecordedIds } from "./find-recorded-ids.ts";
import type { RecordRow } from "./record-row.ts";
import type { RequestRows } from "./request-rows.ts";
import { isOver, type KeyedRequest, type KeyOwner, keyName, takeKeys } from "./take-keys.ts";

/**
 * The second guard against doubles (architecture.md 5.3). The first is the admission's: it forgets when its store is lost,
 * and then two requests with one Idempotency-Key are accepted, with two seeds. The database keeps for each key the request
 * that it stands for, its owner:
 *
 *   no owner, or one whose life was over when this request was accepted → this request is the owner now: recorded
 *   it is the owner itself (a redelivery)                               → recorded, which changes nothing
 *   another owner, alive, same fingerprint                              → its ids become aliases of the owner's messages
 *   another owner, alive, other fingerprint                             → recorded as rejected, IDEMPOTENCY_KEY_REUSED
 *   an owner that was accepted after this request's life was over       → recorded; the key stays with the owner
 *
 * Lives are compared by the times at which gateways accepted, so it makes no difference when and in which order requests
 * are recorded. With one exception: the last line above keeps no key, so two requests with one key that both are recorded
 * after an owner of a later life, a day late, are not recognised as doubles of each other.
 *
 * The key's row is locked first and to the end, so that of two workers the second sees what the first has decided. What
 * was decided once stays: a request that is recorded already does not touch its key.
 */
export interface GuardedRows {
  /** To be recorded as messages. */
  readonly rows: readonly RecordRow[];
  /** To be recorded as aliases. */
  readonly aliases: readonly AliasRow[];
}

/** A row whose id becomes an alias. */
export interface AliasRow {
  readonly row: RecordRow;
  /** The message that answers for it. */
  readonly messageId: string;
}

/** Decides over the requests of one transaction. The keys that it locks come before every message (architecture.md 5.8). */
export async function guardRequests(tx: Transaction, requests: readonly RequestRows[]): Promise<GuardedRows> {
  const keyed = requests.filter(hasKey);
  if (keyed.length === 0) return { rows: requests.flatMap(({ rows }) => rows), aliases: [] };
  const recorded = await findRecorded(tx, keyed);
  const fresh = keyed.filter((request) => !recorded.has(request));
  const repetitions = await findRepetitions(tx, fresh);
  // Another worker may have decided over these between the look above and the lock.
  const meanwhile = await findRecorded(tx, [...repetitions.keys()]);
  const firsts = await findFirstMessages(tx, requests, [...repetitions.values()]);
  const guarded = requests.map((request): GuardedRows => {
    const known = recorded.get(request) ?? meanwhile.get(request);
    if (known !== undefined) return divide(request.rows, ({ id }) => known.get(id));
    const owner = repetitions.get(request);
    if (owner === undefined) return { rows: request.rows, aliases: [] };
    if (owner.fingerprint !== request.key?.fingerprint) return { rows: request.rows.map(reject), aliases: [] };
    return divide(request.rows, ({ id }) => firsts.find(owner, id));
  });
  return { rows: guarded.flatMap(({ rows }) => rows), aliases: guarded.flatMap(({ aliases }) => aliases) };
}

function hasKey(request: RequestRows): request is KeyedRequest {
  return request.key !== null;
}

/** Requests that are recorded, each with those of its ids that are aliases, and of what. A request is recorded as a whole. */
async function findRecorded(
  tx: Transaction,
  requests: readonly RequestRows[],
): Promise<Map<RequestRows, ReadonlyMap<string, string>>> {
  const firstIds = requests.flatMap(({ rows: [first] }) => first?.id ?? []);
  const known = await findRecordedIds(tx, firstIds);
  const recorded = requests.filter(
    ({ rows: [first] }) => first !== undefined && known.get(first.id)?.seed === first.seed,
  );
  const all = await findRecordedIds(
    tx,
    recorded.flatMap(({ rows }) => rows.map(({ id }) => id)),
  );
  return new Map(
    recorded.map((request) => {
      const aliases = request.rows.flatMap(({ id }): [string, string][] => {
        const one = all.get(id);
        return one?.isAlias === true ? [[id, one.messageId]] : [];
      });
      return [request, new Map(aliases)];
    }),
  );
}

/**
 * Takes the keys of these requests, each for the request that was accepted first; answers the others, with the owner they
 * repeat. Requests with one key whose lives follow each other take it in turn, one round each.
 */
async function findRepetitions(
  tx: Transaction,
  requests: readonly KeyedRequest[],
): Promise<Map<RequestRows, KeyOwner>> {
  const repetitions = new Map<RequestRows, KeyOwner>();
  let waiting = [...requests].sort(byAcceptance);
  while (waiting.length > 0) {
    const candidates = new Map<string, KeyedRequest>();
    for (const request of waiting) {
      const name = keyName(request.clientId, request.key.hash);
      if (!candidates.has(name)) candidates.set(name, request);
    }
    const owners = await takeKeys(tx, [...candidates.values()]);
    const later: KeyedRequest[] = [];
    for (const request of waiting) {
      const name = keyName(request.clientId, request.key.hash);
      const owner = owners.get(name);
      if (owner === undefined) throw new Error("an idempotency key that is locked has no row");
      if (owner.seed === request.seed) continue;
      if (!isOver(owner, request.key)) {
        if (!isOver(request.key, owner)) repetitions.set(request, owner);
      } else if (candidates.get(name) !== request) later.push(request);
    }
    waiting = later;
  }
  return repetitions;
}

function byAcceptance(a: KeyedRequest, b: KeyedRequest): number {
  const difference = a.key.acceptedAt.getTime() - b.key.acceptedAt.getTime();
  if (difference !== 0 && !Number.isNaN(difference)) return difference;
  return a.seed < b.seed ? -1 : 1;
}

/** Puts rows whose id has a message of another request beside the others. */
function divide(rows: readonly RecordRow[], findMessage: (row: RecordRow) => string | undefined): GuardedRows {
  const found = rows.map((row) => ({ row, messageId: findMessage(row) }));
  return {
    rows: found.flatMap(({ row, messageId }) => (messageId === undefined ? [row] : [])),
    aliases: found.flatMap(({ row, messageId }) => (messageId === undefined ? [] : [{ row, messageId }])),
  };
}

function reject(row: RecordRow): RecordRow {
  const errorMessage = "The Idempotency-Key was used for a different request before.";
  return { ...row, status: "rejected", dueAt: row.acceptedAt, errorCode: "IDEMPOTENCY_KEY_REUSED", errorMessage };
}
