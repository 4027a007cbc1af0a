import { reasonOf, untilFirst, withinMs } from "@sms-gateway/waiting";
import pg from "pg";
import type { Statement } from "../sql/statement.ts";

const CONNECT_LIMIT_MS = 3000;
/** The server gives up on a statement earlier; past this, it or the way to it is dead. */
const ANSWER_LIMIT_MS = 7000;
const CLOSE_LIMIT_MS = 1000;

/** A consumer's own connection: open from the start, lost one day for good. */
export class ClaimConnection {
  readonly #client: pg.Client;
  #lostBecause: string | undefined;

  private constructor(client: pg.Client) {
    this.#client = client;
  }

  /** Connects; `onLost` is called once when the connection ends. @throws Error when that fails or takes longer than 3 s. */
  static async open(config: pg.ClientConfig, onLost: () => void): Promise<ClaimConnection> {
    const client = new pg.Client({ ...config, connectionTimeoutMillis: CONNECT_LIMIT_MS });
    const connection = new ClaimConnection(client);
    const lose = (reason: string): void => {
      if (connection.#lostBecause !== undefined) return;
      connection.#lostBecause = reason;
      onLost();
    };
    // Without a listener it would end the process.
    client.on("error", (error) => lose(reasonOf(error)));
    client.on("end", () => lose("the connection was closed"));
    await client.connect();
    return connection;
  }

  /** Why it is of no use any more; `undefined` while it is. */
  get lostBecause(): string | undefined {
    return this.#lostBecause;
  }

  /** Runs a statement. @throws Error when the server refuses or is silent for 7 s. */
  async ask<Row extends pg.QueryResultRow>({ name, text }: Statement, values: readonly unknown[]): Promise<Row[]> {
    const asking = this.#client.query<Row>({ name, text, values: [...values] });
    return (await withinMs(ANSWER_LIMIT_MS, name, asking)).rows;
  }

  /** Runs a command that answers nothing. @throws Error as `ask` does. */
  async tell(text: string): Promise<void> {
    await withinMs(ANSWER_LIMIT_MS, text, this.#client.query(text));
  }

  /** Shows the server that the holder of its locks is alive, and the holder that the server is. */
  async beat(): Promise<void> {
    await this.tell("select 1");
  }

  /** Ends the connection; what it holds is given back. Never throws, and takes a second at most. */
  async close(): Promise<void> {
    this.#lostBecause ??= "closed by us";
    await untilFirst(CLOSE_LIMIT_MS, [this.#client.end()]);
    this.#client.connection.stream.destroy();
  }
}
