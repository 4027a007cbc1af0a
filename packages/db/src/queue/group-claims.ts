import { type DeliveryContent, type ReadDelivery, readStamp } from "@sms-gateway/contracts";
import { BURY_PARTS } from "../sql/bury-parts.ts";
import { CLAIM_GROUPS } from "../sql/claim-groups.ts";
import { HAS_GROUPS } from "../sql/has-groups.ts";
import { RELOCK_GROUPS } from "../sql/relock-groups.ts";
import { REMOVE_GROUPS } from "../sql/remove-groups.ts";
import type { ClaimConnection } from "./claim-connection.ts";
import { BATCH_BYTES_MAX, type Batch, type Claims } from "./claims.ts";

interface GroupRow {
  readonly id: string;
  readonly body: Buffer;
  /** Parsed JSON, of whatever form. */
  readonly stamp: unknown;
}

/**
 * Every claim would read past all groups that have died since vacuum could last remove any, and while a backup runs that
 * is since its beginning: 300 000 after five minutes at 1000 groups/s. So a claim looks from where the last one began, less
 * the ids that publishers may have drawn earlier and commit later. Once a second all ids are looked at, for later ones
 * still and for groups that another consumer has given back.
 */
const LATE_IDS_MAX = 1000n;
const WHOLE_EVERY_MS = 1000;

/** Claims the groups of one queue. */
export class GroupClaims<T> implements Claims<T> {
  readonly connection: ClaimConnection;
  readonly #queue: string;
  readonly #read: ReadDelivery<T>;
  #from = 0n;
  #lookAtAllAt = 0;

  constructor(connection: ClaimConnection, queue: string, read: ReadDelivery<T>) {
    this.connection = connection;
    this.#queue = queue;
    this.#read = read;
  }

  async hasAny(): Promise<boolean> {
    const from = this.#nextFrom();
    const [row] = await this.connection.ask<{ found: boolean }>(HAS_GROUPS, [this.#queue, from]);
    if (row?.found === true) return true;
    this.#haveLooked(from);
    return false;
  }

  async claim(envelopesMax: number): Promise<Batch<T>> {
    const from = this.#nextFrom();
    await this.connection.tell("begin");
    const values = [this.#queue, envelopesMax, from, BATCH_BYTES_MAX];
    const rows = await this.connection.ask<GroupRow>(CLAIM_GROUPS, values);
    this.#haveLooked(from);
    const [first] = rows;
    if (first === undefined) await this.connection.tell("rollback");
    else this.#from = BigInt(first.id) - LATE_IDS_MAX;
    return readBatch(rows, this.#read);
  }

  async relock(ids: readonly string[]): Promise<boolean> {
    await this.connection.tell("rollback");
    await this.connection.tell("begin");
    const held = await this.connection.ask(RELOCK_GROUPS, [this.#queue, ids]);
    if (held.length === ids.length) return true;
    await this.connection.tell("rollback");
    return false;
  }

  async settle({ ids, bad }: Batch<T>): Promise<void> {
    if (bad.length > 0) {
      await this.connection.ask(BURY_PARTS, [
        this.#queue,
        bad.map(({ groupId }) => groupId),
        bad.map(({ part }) => part.problem),
        bad.map(({ part }) => part.index ?? null),
        bad.map(({ part }) => part.body),
      ]);
    }
    await this.connection.ask(REMOVE_GROUPS, [this.#queue, ids]);
    await this.connection.tell("commit");
  }

  #nextFrom(): bigint {
    return performance.now() >= this.#lookAtAllAt ? 0n : this.#from;
  }

  #haveLooked(from: bigint): void {
    if (from === 0n) this.#lookAtAllAt = performance.now() + WHOLE_EVERY_MS;
  }
}

function readBatch<T>(rows: readonly GroupRow[], read: ReadDelivery<T>): Batch<T> {
  const contents = rows.map((row): [GroupRow, DeliveryContent<T>] => [row, read(row.body)]);
  return {
    ids: rows.map(({ id }) => id),
    good: contents.flatMap(([, { good }]) => good),
    groups: contents.map(([{ stamp }, { good, bad }]) => ({
      stamp: readStamp(stamp),
      size: good.length,
      buried: bad.length,
    })),
    bad: contents.flatMap(([{ id }, { bad }]) => bad.map((part) => ({ groupId: id, part }))),
  };
}
