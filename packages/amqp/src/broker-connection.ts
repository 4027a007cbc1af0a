import { untilFirst, withinMs } from "@sms-gateway/waiting";
import { type Channel, type ChannelModel, type ConfirmChannel, connect, type SocketOptions } from "amqplib";
import type { ReportEvent } from "./amqp-event.ts";

/** TCP, TLS and AMQP handshake together. Short enough that a second try still fits into a publish's 5 s. */
const CONNECT_LIMIT_MS = 3000;
/** A dead peer is noticed after two to three of these; a publish notices it after 2 s by its own timer. */
const HEARTBEAT_S = 10;
/** For the closing handshake; after that the socket is destroyed. */
const CLOSE_LIMIT_MS = 1000;

/** One AMQP connection. It is open from the start, may be blocked and unblocked, and is gone for good one day. */
export interface BrokerConnection {
  readonly model: ChannelModel;
  readonly serverVersion: string;
  /** Resolves with the reason once it is gone, whichever side ended it. */
  readonly gone: Promise<string>;
  isGone(): boolean;
  /** Why the broker reads nothing more from it (memory or disk alarm); `undefined` while it does. */
  blockedBecause(): string | undefined;
  /** In good order where the broker answers, else by destroying the socket. Never throws, at most about a second. */
  close(): Promise<void>;
}

export interface ConnectionSettings {
  readonly url: string;
  /** Shown in the broker's list of connections. */
  readonly name: string;
  readonly report: ReportEvent;
  readonly onBlockedChange: () => void;
}

/** Opens a connection. @throws Error when that fails or takes longer than 3 s. */
export async function openConnection(settings: ConnectionSettings): Promise<BrokerConnection> {
  // amqplib gives no way to its socket; this signal is how a connection that answers nothing is destroyed.
  const destroy = new AbortController();
  const socketOptions: SocketOptions & { signal: AbortSignal } = {
    // Without it amqplib leaves Nagle's algorithm on: 1 400 instead of 14 000 requests/s (reference/measured.md).
    noDelay: true,
    keepAlive: true,
    signal: destroy.signal,
    clientProperties: { connection_name: settings.name },
  };
  try {
    const opening = connect(withHeartbeat(settings.url), socketOptions);
    const model = await withinMs(CONNECT_LIMIT_MS, "connecting to the broker", opening);
    return watchConnection(model, destroy, settings);
  } catch (error) {
    // Also ends an attempt that would still succeed after its time.
    destroy.abort();
    throw error;
  }
}

function watchConnection(
  model: ChannelModel,
  destroy: AbortController,
  { report, onBlockedChange }: ConnectionSettings,
): BrokerConnection {
  let blocked: string | undefined;
  let goneBecause: string | undefined;
  let lastError: Error | undefined;
  let resolveGone: (reason: string) => void = () => undefined;
  const gone = new Promise<string>((resolve) => {
    resolveGone = resolve;
  });
  const end = (reason: string): void => {
    goneBecause ??= reason;
    resolveGone(goneBecause);
    // amqplib only half-closes the socket; a peer that never answers would hold it for minutes.
    destroy.abort();
  };
  // An "error" without a listener would end the process; "close" always follows it.
  model.on("error", (error) => {
    lastError = error;
  });
  model.on("close", (error?: Error) => end((error ?? lastError)?.message ?? "closed"));
  model.on("handler-error", (error) => report({ event: "fault", error }));
  model.on("blocked", (reason) => {
    blocked = reason;
    report({ event: "blocked", reason });
    onBlockedChange();
  });
  model.on("unblocked", () => {
    blocked = undefined;
    report({ event: "unblocked" });
    onBlockedChange();
  });
  return {
    model,
    serverVersion: model.connection.serverProperties.version,
    gone,
    isGone: () => goneBecause !== undefined,
    blockedBecause: () => (goneBecause === undefined ? blocked : undefined),
    async close() {
      // Refused where it is closing or gone already; either way the socket is destroyed below.
      const closing = model.close().catch((error: unknown) => error);
      await untilFirst(CLOSE_LIMIT_MS, [closing]);
      end("closed by us");
    },
  };
}

/** Opens a channel whose "error" events cannot end the process. @throws Error when the broker does not answer in time. */
export async function openChannel(
  connection: BrokerConnection,
  limitMs: number,
  report: ReportEvent,
): Promise<Channel> {
  const channel = await withinMs(limitMs, "opening a channel", connection.model.createChannel());
  return guardChannel(channel, report);
}

/** The same with publisher confirms switched on. */
export async function openConfirmChannel(
  connection: BrokerConnection,
  limitMs: number,
  report: ReportEvent,
): Promise<ConfirmChannel> {
  const channel = await withinMs(limitMs, "opening a confirm channel", connection.model.createConfirmChannel());
  return guardChannel(channel, report);
}

/** Gives a channel up: deliveries that it holds go back to their queue. Never throws. */
export async function closeChannel(channel: Channel, limitMs: number): Promise<void> {
  // A channel that is closed already refuses, which is what is wanted here.
  const closing = channel.close().catch((error: unknown) => error);
  await untilFirst(limitMs, [closing]);
}

function guardChannel<C extends Channel>(channel: C, report: ReportEvent): C {
  // The error itself reaches whoever waits for an answer on this channel, and "close" follows.
  channel.on("error", () => undefined);
  // Without this listener an exception in one of our listeners would close the whole connection.
  channel.on("handler-error", (error: Error) => report({ event: "fault", error }));
  return channel;
}

/** The broker suggests 60 s, which is far too long to be talking to a dead peer. An address that names its own wins. */
function withHeartbeat(url: string): string {
  const parsed = new URL(url);
  if (!parsed.searchParams.has("heartbeat")) parsed.searchParams.set("heartbeat", String(HEARTBEAT_S));
  return parsed.href;
}
