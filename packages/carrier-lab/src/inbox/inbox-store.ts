import type { FastifyBaseLogger } from "fastify";
import { openLineFile } from "./line-file.ts";

/** One text as the handset shows it. */
export interface HandsetMessage {
  from: string;
  message: string;
  /** The provider whose account delivered it. */
  provider: string;
  /** ISO 8601, UTC. */
  received_at: string;
}

/** One line of the inbox file: what a handset got, and which submit it came from. */
export interface Receipt extends HandsetMessage {
  /** The handset, E.164. */
  number: string;
  /** The sender's own id of the message, to find doubles by; null where it gave none. */
  m: string | null;
  /** The carrier's id of the submit. */
  id: string;
}

export interface InboxStats {
  received: number;
  by_provider: Record<string, number>;
}

export interface InboxStore {
  receive(receipt: Receipt): void;
  /** What a handset has received, oldest first. */
  readInbox(number: string): Promise<HandsetMessage[]>;
  countReceived(): InboxStats;
  close(): Promise<void>;
}

export interface InboxStoreOptions {
  file: string;
  logger: FastifyBaseLogger;
  /** Memory for texts, estimated. The file is the truth; beyond this size handsets are read from it. */
  memoryBytesMax: number;
}

/** What an entry costs in memory besides its text, roughly. */
const ENTRY_OVERHEAD_BYTES = 300;

/**
 * The inboxes of all handsets, restored from their file. Memory holds the newest messages in two generations, each up to
 * half of its bound; once something had to be dropped, an inbox is read from the file instead.
 * @throws what the file system says, when the file cannot be opened or read
 */
export async function openInboxStore(options: InboxStoreOptions): Promise<InboxStore> {
  let young = new Map<string, HandsetMessage[]>();
  let old = new Map<string, HandsetMessage[]>();
  let youngBytes = 0;
  let hasDropped = false;
  let received = 0;
  const receivedByProvider = new Map<string, number>();
  let unreadableLines = 0;
  const file = await openLineFile({ path: options.file, logger: options.logger, onLine: restore });
  if (unreadableLines > 0) options.logger.warn({ event: "lab.inbox_lines_unreadable", lines: unreadableLines });

  function restore(line: string): void {
    const receipt = parseReceipt(line);
    if (receipt === null) unreadableLines += 1;
    else remember(receipt);
  }

  function remember(receipt: Receipt): void {
    const { number, from, message, provider, received_at } = receipt;
    received += 1;
    receivedByProvider.set(provider, (receivedByProvider.get(provider) ?? 0) + 1);
    const entry = { from, message, provider, received_at };
    const inbox = young.get(number);
    if (inbox === undefined) young.set(number, [entry]);
    else inbox.push(entry);
    youngBytes += ENTRY_OVERHEAD_BYTES + 2 * message.length;
    if (youngBytes < options.memoryBytesMax / 2) return;
    hasDropped ||= old.size > 0;
    old = young;
    young = new Map();
    youngBytes = 0;
  }

  async function readFromFile(number: string): Promise<HandsetMessage[]> {
    const inbox: HandsetMessage[] = [];
    const prefix = linePrefix(number);
    await file.readAll((line) => {
      const receipt = line.startsWith(prefix) ? parseReceipt(line) : null;
      if (receipt === null) return;
      const { from, message, provider, received_at } = receipt;
      inbox.push({ from, message, provider, received_at });
    });
    return inbox;
  }

  return {
    receive(receipt) {
      remember(receipt);
      file.append(formatReceipt(receipt));
    },
    async readInbox(number) {
      if (hasDropped) return readFromFile(number);
      return [...(old.get(number) ?? []), ...(young.get(number) ?? [])];
    },
    countReceived: () => ({ received, by_provider: Object.fromEntries(receivedByProvider) }),
    close: () => file.close(),
  };
}

/** The number comes first, so that a search needs to parse only the lines of that number. */
function formatReceipt({ number, from, message, provider, received_at, m, id }: Receipt): string {
  return JSON.stringify({ number, from, message, provider, received_at, m, id });
}

function linePrefix(number: string): string {
  return `{"number":${JSON.stringify(number)},`;
}

/** Null for what is not a receipt; a file that was edited by hand must not stop the lab. */
function parseReceipt(line: string): Receipt | null {
  const value = parseJson(line);
  if (typeof value !== "object" || value === null) return null;
  const fields: Partial<Record<string, unknown>> = { ...value };
  const { number, from, message, provider, received_at, m = null, id } = fields;
  if (typeof number !== "string" || typeof from !== "string" || typeof message !== "string") return null;
  if (typeof provider !== "string" || typeof received_at !== "string" || typeof id !== "string") return null;
  if (m !== null && typeof m !== "string") return null;
  return { number, from, message, provider, received_at, m, id };
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
