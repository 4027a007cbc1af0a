import { type BuriedLetter, nameLetter } from "@sms-gateway/contracts";
import { CLAIM_LETTERS } from "../sql/claim-letters.ts";
import { HAS_LETTERS } from "../sql/has-letters.ts";
import { RELOCK_LETTERS } from "../sql/relock-letters.ts";
import { REMOVE_LETTERS } from "../sql/remove-letters.ts";
import type { ClaimConnection } from "./claim-connection.ts";
import { BATCH_BYTES_MAX, type Batch, type Claims } from "./claims.ts";

interface LetterRow {
  readonly id: string;
  readonly queue: string;
  readonly problem: string;
  readonly part_index: number | null;
  readonly body: Buffer;
  readonly publish_id: string;
  readonly buried_at: Date;
}

/** Claims dead letters, oldest first; they are handed over as they are, so there is nothing bad among them. */
export class LetterClaims implements Claims<BuriedLetter> {
  readonly connection: ClaimConnection;

  constructor(connection: ClaimConnection) {
    this.connection = connection;
  }

  async hasAny(): Promise<boolean> {
    const [row] = await this.connection.ask<{ found: boolean }>(HAS_LETTERS, []);
    return row?.found === true;
  }

  async claim(lettersMax: number): Promise<Batch<BuriedLetter>> {
    await this.connection.tell("begin");
    const rows = await this.connection.ask<LetterRow>(CLAIM_LETTERS, [lettersMax, BATCH_BYTES_MAX]);
    if (rows.length === 0) await this.connection.tell("rollback");
    return { ids: rows.map(({ id }) => id), good: rows.map(toLetter), groups: [], bad: [] };
  }

  async relock(ids: readonly string[]): Promise<boolean> {
    await this.connection.tell("rollback");
    await this.connection.tell("begin");
    const held = await this.connection.ask(RELOCK_LETTERS, [ids]);
    if (held.length === ids.length) return true;
    await this.connection.tell("rollback");
    return false;
  }

  async settle({ ids }: Batch<BuriedLetter>): Promise<void> {
    await this.connection.ask(REMOVE_LETTERS, [ids]);
    await this.connection.tell("commit");
  }
}

function toLetter(row: LetterRow): BuriedLetter {
  return {
    id: nameLetter(row.publish_id, row.part_index),
    queue: row.queue,
    problem: row.problem,
    partIndex: row.part_index,
    body: row.body,
    buriedAt: row.buried_at,
  };
}
