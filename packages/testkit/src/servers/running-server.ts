/**
 * A real server that a test, `make test` or `make dev` started, in either way (server programs or Docker).
 * States: running → (pause) paused → (resume) running; running → (stop, kill) ended → (start) running, on the same
 * port with the same data; any → (remove) gone, data and all.
 */
export type RunningServer = ServerControls & {
  /** With user and password; for Postgres with the database. */
  readonly url: string;
  readonly port: number;
  readonly dataDir: string;
  /** For the words "used …" of a summary, such as `PostgreSQL 15 programs`. */
  readonly description: string;
};

export type ServerControls = {
  /** After `stop` or `kill`: same port, same data; resolves when the server answers. Nothing while it runs. */
  start(): Promise<void>;
  /** In good order, then hard when that takes too long; resolves when no process of it is left. */
  stop(): Promise<void>;
  /** `kill -9` on every process of it at once; resolves when they are gone. */
  kill(): Promise<void>;
  /** Freezes every process of it: connections stay open and nothing answers. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** `stop`, then `start`. */
  restart(): Promise<void>;
  /** Ends it if need be and removes its data. */
  remove(): Promise<void>;
};

export type PostgresServer = RunningServer;
export type RedisServer = RunningServer;
export type RabbitmqServer = RunningServer & {
  /** Runs `rabbitmqctl` against this node and gives its output; throws with that output when it fails. */
  rabbitmqctl(...args: string[]): Promise<string>;
  /**
   * Call it between declaring quorum queues and `kill()`. RabbitMQ 3.10 writes a new queue into Ra's registry on disk
   * only about half a second later; killed before that, the queue comes back without a leader for good, and a publish
   * to it is nacked after 65 s.
   */
  saveQueueRegistry(): Promise<void>;
  /** A virtual host of its own, in which the user of `url` may do everything; a random name when none is given. */
  createVhost(name?: string): Promise<{ readonly url: string; drop(): Promise<void> }>;
};

export type ServerByKind = {
  readonly postgres: PostgresServer;
  readonly redis: RedisServer;
  readonly rabbitmq: RabbitmqServer;
};
export type ServerKind = keyof ServerByKind;

/** What all kinds of server take. */
export type ServerOptions = {
  /** Holds data, log and the record of the server's processes; made when missing, one server per folder. */
  readonly dataDir: string;
  /** A free private port is found when none is given. */
  readonly port?: number;
  /**
   * Whether data must survive a crash of the machine, as in production (default). Without, Postgres does not sync and
   * Redis keeps nothing at all on disk: for throw-away servers. RabbitMQ makes no difference.
   */
  readonly durable?: boolean;
  readonly user?: string;
  readonly password?: string;
};
