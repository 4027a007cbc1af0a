import type { BadPart } from "@sms-gateway/contracts";
import { reasonOf, untilFirst, withinMs } from "@sms-gateway/waiting";
import pg from "pg";
import { BURY_PARTS } from "../sql/bury-parts.ts";
import { CLAIM_GROUPS } from "../sql/claim-groups.ts";
import { HAS_GROUPS } from "../sql/has-groups.ts";
import { RELOCK_GROUPS } from "../sql/relock-groups.ts";
import { REMOVE_GROUPS } from "../sql/remove-groups.ts";
import type { Statement } from "../sql/statement.ts";

/** A row of the queue, locked by this connection's transaction. */
export interface ClaimedGroup {
  readonly id: string;
  readonly body: Buffer;
}

/** A part of a claimed group that goes to the dead letters. */
export interface BuriedPart {
  readonly groupId: string;
  readonly part: BadPart;
}

const CONNECT_LIMIT_MS = 3000;
/** The server gives up on a statement earlier; past this, it or the way to it is dead. */
const ANSWER_LIMIT_MS = 7000;
const CLOSE_LIMIT_MS = 1000;
/**
 * Every claim would read past all groups that have died since vacuum could last remove any, and while a backup runs that
 * is since its beginning: 300 000 after five minutes at 1000 groups/s. So a claim looks from where the last one began, less
 * the ids that publishers may have drawn earlier and commit later. Once a second all ids are looked at, for later ones
 * still and for groups that another consumer has given back.
 */
const LATE_IDS_MAX = 1000n;
const WHOLE_EVERY_MS = 1000;

/**
 * A consumer's connection to one queue. What it claims is locked by its open transaction, and by nothing else: when the
 * connection ends, however that comes, the groups are everybody's again.
 *
 *   idle ──claim──▶ holding ──settle──▶ idle          any ──▶ lost, for good
 *                    │   ▲
 *                    └───┘ relock
 */
export class GroupClaims {
  readonly #client: pg.Client;
  readonly #queue: string;
  #lostBecause: string | undefined;
  #from = 0n;
  #lookAtAllAt = 0;

  private constructor(client: pg.Client, queue: string) {
    this.#client = client;
    this.#queue = queue;
  }

  /** Connects; `onLost` is called once when the connection ends. @throws Error when that fails or takes longer than 3 s. */
  static async open(config: pg.ClientConfig, queue: string, onLost: () => void): Promise<GroupClaims> {
    const client = new pg.Client({ ...config, connectionTimeoutMillis: CONNECT_LIMIT_MS });
    const claims = new GroupClaims(client, queue);
    const lose = (reason: string): void => {
      if (claims.#lostBecause !== undefined) return;
      claims.#lostBecause = reason;
      onLost();
    };
    // Without a listener it would end the process.
    client.on("error", (error) => lose(reasonOf(error)));
    client.on("end", () => lose("the connection was closed"));
    await client.connect();
    return claims;
  }

  /** Why it is of no use any more; `undefined` while it is. */
  get lostBecause(): string | undefined {
    return this.#lostBecause;
  }

  /** Whether a claim may find something. */
  async hasGroups(): Promise<boolean> {
    const from = this.#nextFrom();
    const [row] = await this.#ask<{ found: boolean }>(HAS_GROUPS, [this.#queue, from]);
    if (row?.found === true) return true;
    this.#haveLooked(from);
    return false;
  }

  /** Claims the oldest free groups, up to so many envelopes together and at least one group; none when none is free. */
  async claim(envelopesMax: number): Promise<readonly ClaimedGroup[]> {
    const from = this.#nextFrom();
    await this.#tell("begin");
    const groups = await this.#ask<ClaimedGroup>(CLAIM_GROUPS, [this.#queue, envelopesMax, from]);
    this.#haveLooked(from);
    const [first] = groups;
    if (first === undefined) await this.#tell("rollback");
    else this.#from = BigInt(first.id) - LATE_IDS_MAX;
    return groups;
  }

  /**
   * Holds the same groups in a new transaction, so that none grows old: vacuum can remove nothing in the whole database
   * that died after the oldest one began. @returns whether all of them are still held; where not, all are given back.
   */
  async relock(ids: readonly string[]): Promise<boolean> {
    await this.#tell("rollback");
    await this.#tell("begin");
    const held = await this.#ask(RELOCK_GROUPS, [this.#queue, ids]);
    if (held.length === ids.length) return true;
    await this.#tell("rollback");
    return false;
  }

  /** Shows the server that the holder of its locks is alive, and the holder that the server is. */
  async beat(): Promise<void> {
    await this.#tell("select 1");
  }

  /** Puts parts aside and removes the groups, all or nothing. */
  async settle(ids: readonly string[], parts: readonly BuriedPart[]): Promise<void> {
    if (parts.length > 0) {
      await this.#ask(BURY_PARTS, [
        this.#queue,
        parts.map(({ groupId }) => groupId),
        parts.map(({ part }) => part.problem),
        parts.map(({ part }) => part.index ?? null),
        parts.map(({ part }) => part.body),
      ]);
    }
    await this.#ask(REMOVE_GROUPS, [this.#queue, ids]);
    await this.#tell("commit");
  }

  /** Ends the connection; what it holds is given back. Never throws, and takes a second at most. */
  async close(): Promise<void> {
    this.#lostBecause ??= "closed by us";
    await untilFirst(CLOSE_LIMIT_MS, [this.#client.end()]);
    this.#client.connection.stream.destroy();
  }

  #nextFrom(): bigint {
    return performance.now() >= this.#lookAtAllAt ? 0n : this.#from;
  }

  #haveLooked(from: bigint): void {
    if (from === 0n) this.#lookAtAllAt = performance.now() + WHOLE_EVERY_MS;
  }

  async #ask<Row extends pg.QueryResultRow>({ name, text }: Statement, values: readonly unknown[]): Promise<Row[]> {
    const asking = this.#client.query<Row>({ name, text, values: [...values] });
    return (await withinMs(ANSWER_LIMIT_MS, name, asking)).rows;
  }

  async #tell(text: string): Promise<void> {
    await withinMs(ANSWER_LIMIT_MS, text, this.#client.query(text));
  }
}
