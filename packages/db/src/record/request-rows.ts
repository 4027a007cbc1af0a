import type { RecordRow } from "./record-row.ts";

/** The rows of one accepted request. They are recorded in one transaction, together with its Idempotency-Key. */
export interface RequestRows {
  readonly clientId: string;
  readonly seed: string;
  /** One per id, in the order in which rows are locked everywhere. */
  readonly rows: readonly RecordRow[];
  /** `null`: it came without a key. */
  readonly key: RequestKey | null;
}

/** An Idempotency-Key and the request that it came with; it lives from `acceptedAt` to `expiresAt`. */
export interface RequestKey {
  readonly hash: string;
  readonly fingerprint: string;
  readonly acceptedAt: Date;
  readonly expiresAt: Date;
}

/** Puts rows together by request, in the order of their ids; and rows whose id another seed has taken before. */
export function groupByRequest(rows: readonly RecordRow[]): { requests: RequestRows[]; strangers: RecordRow[] } {
  const byId = new Map<string, RecordRow>();
  const strangers = new Map<string, RecordRow>();
  for (const row of rows) {
    const known = byId.get(row.id);
    if (known === undefined) byId.set(row.id, row);
    else if (known.seed !== row.seed) strangers.set(`${row.id} ${row.seed}`, row);
  }
  const byRequest = new Map<string, RecordRow[]>();
  for (const row of sortById([...byId.values()])) {
    const name = requestName(row);
    const others = byRequest.get(name);
    if (others === undefined) byRequest.set(name, [row]);
    else others.push(row);
  }
  return { requests: [...byRequest.values()].flatMap(toRequest), strangers: [...strangers.values()] };
}

function toRequest(rows: readonly RecordRow[]): RequestRows[] {
  const [first] = rows;
  if (first === undefined) return [];
  return [{ clientId: first.clientId, seed: first.seed, rows, key: readKey(first) }];
}

function readKey(row: RecordRow): RequestKey | null {
  const { idempotencyKeyHash: hash, fingerprint, idempotencyExpiresAt: expiresAt, acceptedAt } = row;
  return hash === null || fingerprint === null || expiresAt === null
    ? null
    : { hash, fingerprint, acceptedAt, expiresAt };
}

/** What makes two rows, or two keys' owners, the same request. */
export function requestName({ clientId, seed }: Pick<RequestRows, "clientId" | "seed">): string {
  return `${clientId} ${seed}`;
}

export function sortById<Row extends { readonly id: string }>(rows: readonly Row[]): Row[] {
  return [...rows].sort((a, b) => (a.id < b.id ? -1 : 1));
}
