import type { Encoding, Lane, MessageType, RequestMetadata, SmsType } from "@sms-gateway/contracts";
import { appendEvents } from "../append-events.ts";
import { HOLD_BELIEVED_MS } from "../circuit/hold-provider.ts";
import type { Database } from "../connections.ts";
import { DatabaseUnavailableError } from "../database-errors.ts";
import { laneNumber } from "../lane-number.ts";
import { CLAIM_DUE } from "../sql/claim-due.ts";
import { LIST_CLIENTS_IN_TURN } from "../sql/list-clients-in-turn.ts";
import { LOCK_PROVIDER } from "../sql/lock-provider.ts";
import { inTransaction, runStatement } from "../transaction.ts";
import { NIL_UUID } from "../uuid.ts";

export interface ClaimRequest {
  readonly lane: Lane;
  readonly provider: string;
  /** How many messages the caller can take now. */
  readonly slots: number;
  /** How long the attempts belong to the caller, in milliseconds, counted by the database's clock. */
  readonly leaseMs: number;
  /** The client whose turn was last (`lastClientId` of the last claim); null at the start. */
  readonly afterClientId: string | null;
  /** A random UUID of the caller's, for `giveBackClaims` when the answer of this claim is lost. */
  readonly claimId?: string;
}

/** A message that now is the caller's to submit: its attempt is open and recorded. */
export interface ClaimedMessage {
  readonly id: string;
  readonly clientId: string;
  readonly keyId: string | null;
  readonly batchId: string;
  readonly toNumber: string;
  readonly fromNumber: string | null;
  readonly text: string | null;
  readonly messageType: MessageType;
  readonly udh: string | null;
  readonly smsType: SmsType;
  readonly encoding: Encoding;
  readonly segments: number;
  readonly lane: Lane;
  readonly priority: number;
  readonly customId: string | null;
  readonly request: RequestMetadata | null;
  readonly simulated: boolean;
  /** Requested providers in order; those asked in this round; the round, from 1. */
  readonly providers: readonly string[];
  readonly tried: readonly string[];
  readonly round: number;
  /** The attempt that is open now. */
  readonly provider: string;
  readonly account: "live" | "lab";
  readonly attemptNumber: number;
  readonly acceptedAt: Date;
  readonly dueAt: Date;
  readonly expireAt: Date;
  /** Time until `expireAt` when it was claimed, by the database's clock, in milliseconds. */
  readonly lifeLeftMs: number;
}

export interface Claim {
  readonly messages: readonly ClaimedMessage[];
  /** Hand it to the next claim of this lane and provider as `afterClientId`. */
  readonly lastClientId: string | null;
  /**
   * Why there are not more of them, when that ends by time: in so many ms the provider's rate lets the next one through, or
   * what it asked us to wait is over. Null: nothing more is due, or calls must end first.
   */
  readonly waitMs: number | null;
  /**
   * There may be more that are due, though slots are left: calls must end first, or this claim has not looked at everybody.
   * False: nothing more was due.
   */
  readonly mayBeMore: boolean;
  /** Of the provider's circuit at this claim: outcomes count for it alone. 0 when nothing was claimed. */
  readonly circuitEpoch: number;
}

/** The answer of a claim did not come: the database may have committed it all the same. */
export class ClaimLostError extends DatabaseUnavailableError {
  constructor(cause: DatabaseUnavailableError) {
    super(cause.message, { cause });
    this.name = "ClaimLostError";
  }
}

/** Clients of the first look of a claim, above the slots: clients with nothing due yet do not fill it at once. */
const CLIENTS_MARGIN = 200;
/** Each further look of a claim is so many times as long: a lap over 5 000 clients with nothing due takes three. */
const LOOK_GROWS_BY = 4;
/** Longest look: some tens of milliseconds. */
const CLIENTS_MAX = 20_000;
/** Most looks of one claim, which then goes on where it was with the next one: 180 000 clients with nothing due. */
const LOOKS_MAX = 12;
/**
 * Most that one client gets in one claim, in shares of an even division of the slots. Without a bound as many rows as
 * there are slots would be read for each client; with it a claim may leave slots free that the next one fills.
 */
const SHARES_PER_CLIENT = 4;

/**
 * Claims due messages of one lane and provider, in turn over clients: one each, then a second one each (architecture.md
 * 5.4). Nothing is claimed for a provider that is disabled, paused, behind an open circuit or has asked us to wait, beyond
 * its `max_in_flight` and `messages_per_second` (in segments) over all workers, or after a message's deadline. Of both
 * limits a fifth is kept for the high lane. The messages become `sending`; their attempts are open until `changeMessages`
 * closes them or the lease ends. The caller's own clock for the lease starts before this call.
 * @throws ClaimLostError when the claim may have been committed although the database is away: `giveBackClaims`.
 * @throws DatabaseUnavailableError when the database is away, and nothing was claimed.
 */
export async function claimDue(db: Database, request: ClaimRequest): Promise<Claim> {
  const { lane, provider, slots, leaseMs, afterClientId } = request;
  if (slots < 1) return claimNothing(afterClientId);
  const turn = await listTurn(db, request);
  if (turn.clientIds.length === 0) return { ...claimNothing(turn.lastSeenId), mayBeMore: !turn.isWhole };
  return await inTransaction(db, async (tx) => {
    const [locked] = await runStatement<{ held_ms: number }>(tx, LOCK_PROVIDER, [provider, HOLD_BELIEVED_MS]);
    if (locked === undefined) return claimNothing(afterClientId);
    if (locked.held_ms > 0) return claimNothing(afterClientId, locked.held_ms);
    const perClient = Math.ceil((SHARES_PER_CLIENT * slots) / turn.clientIds.length);
    const values = [laneNumber(lane), provider, slots, turn.clientIds, leaseMs, perClient, request.claimId ?? null];
    const rows = await runStatement<GateRow & (ClaimedRow | NoRow)>(tx, CLAIM_DUE, values);
    const claimed = rows.filter(isClaimed);
    await appendEvents(
      tx,
      claimed.map((row) => ({
        messageId: row.id,
        clientId: row.client_id,
        sequence: row.event_count,
        status: "sending",
        at: row.updated_at,
        detail: { provider, attempt: row.attempt_count },
      })),
    );
    const [gate] = rows;
    // With fewer candidates than the provider takes, all that was due is among them.
    const isFull = gate !== undefined && gate.free_slots < slots && gate.candidates >= gate.free_slots;
    const isBounded = isFull || hasClientWith(perClient, claimed);
    // Rows that somebody else holds, or has changed meanwhile, have taken the places of others.
    const isPassedOver = gate?.wait_ms === null && gate.candidates > claimed.length;
    return {
      messages: claimed.map((row) => toClaimedMessage(row, lane, provider)),
      lastClientId: claimed.at(-1)?.client_id ?? afterClientId,
      waitMs: gate?.wait_ms ?? null,
      mayBeMore: isBounded || isPassedOver || !turn.isWhole,
      circuitEpoch: gate?.circuit_epoch ?? 0,
    };
  }).catch((error: unknown) => {
    throw error instanceof DatabaseUnavailableError ? new ClaimLostError(error) : error;
  });
}

function claimNothing(lastClientId: string | null, waitMs: number | null = null): Claim {
  return { messages: [], lastClientId, waitMs, mayBeMore: false, circuitEpoch: 0 };
}

function hasClientWith(count: number, claimed: readonly ClaimedRow[]): boolean {
  const counts = new Map<string, number>();
  for (const { client_id: id } of claimed) counts.set(id, (counts.get(id) ?? 0) + 1);
  return Math.max(0, ...counts.values()) >= count;
}

interface Turn {
  /** Clients with something due, whose turn it is, in order; no more than there are slots, for each takes at least one. */
  readonly clientIds: readonly string[];
  /** Where the next claim goes on when nobody seen in this one has anything due. */
  readonly lastSeenId: string;
  /** Every client was looked at. */
  readonly isWhole: boolean;
}

/**
 * Only a hint, taken without locks: what is claimed is decided under the provider's lock. Clients whose messages are all due
 * later, or wait for another try, are passed over look by look, for a lap at most: what one client has due waits for no poll
 * because of the others. Costs a step in an index per client.
 */
async function listTurn(db: Database, request: ClaimRequest): Promise<Turn> {
  const { slots, afterClientId } = request;
  const startId = afterClientId ?? NIL_UUID;
  let lastSeenId = startId;
  let isSecondLap = false;
  let clientsMax = slots + CLIENTS_MARGIN;
  for (let look = 0; look < LOOKS_MAX; look += 1) {
    const { first, second } = await lookAtClients(db, request, { afterId: lastSeenId, clientsMax });
    // When the first lap was not walked to its end, the second has to wait, or the clients beyond would never have their turn.
    const isAtEnd = first.length < clientsMax;
    const seen = isAtEnd && !isSecondLap ? [...first, ...second] : first;
    const clientIds = seen.filter((row) => row.due).map((row) => row.client_id);
    lastSeenId = seen.at(-1)?.client_id ?? lastSeenId;
    const isLast = isSecondLap ? isAtEnd || lastSeenId >= startId : isAtEnd && second.length < clientsMax;
    if (clientIds.length > 0) {
      const isWhole = isLast && clientIds.length <= slots;
      return { clientIds: clientIds.slice(0, slots), lastSeenId, isWhole };
    }
    if (isLast) return { clientIds: [], lastSeenId, isWhole: true };
    isSecondLap ||= isAtEnd;
    clientsMax = Math.min(CLIENTS_MAX, clientsMax * LOOK_GROWS_BY);
  }
  return { clientIds: [], lastSeenId, isWhole: false };
}

interface SeenClient {
  readonly lap: number;
  readonly client_id: string;
  readonly due: boolean;
}

/** The clients after that one to the end, and those from the beginning to it; of each at most so many. */
async function lookAtClients(
  db: Database,
  { lane, provider }: ClaimRequest,
  { afterId, clientsMax }: { readonly afterId: string; readonly clientsMax: number },
): Promise<{ first: SeenClient[]; second: SeenClient[] }> {
  const values = [laneNumber(lane), provider, afterId, clientsMax];
  const rows = await runStatement<SeenClient>(db, LIST_CLIENTS_IN_TURN, values);
  return { first: rows.filter(({ lap }) => lap === 0), second: rows.filter(({ lap }) => lap === 1) };
}

/** What every row of a claim tells of its provider. */
interface GateRow {
  wait_ms: number | null;
  free_slots: number;
  candidates: number;
  circuit_epoch: number;
}

/** The provider's row of a claim that found nothing. */
interface NoRow {
  id: null;
}

function isClaimed(row: GateRow & (ClaimedRow | NoRow)): row is GateRow & ClaimedRow {
  return row.id !== null;
}

interface ClaimedRow {
  id: string;
  client_id: string;
  key_id: string | null;
  batch_id: string;
  to_number: string;
  from_number: string | null;
  text: string | null;
  message_type: MessageType;
  udh: string | null;
  sms_type: SmsType;
  encoding: Encoding;
  segments: number;
  priority: number;
  providers: string[];
  tried: string[];
  round: number;
  attempt_count: number;
  event_count: number;
  expire_at: Date;
  custom_id: string | null;
  request: RequestMetadata | null;
  simulated: boolean;
  accepted_at: Date;
  due_at: Date;
  updated_at: Date;
  life_left_ms: number;
}

function toClaimedMessage(row: ClaimedRow, lane: Lane, provider: string): ClaimedMessage {
  return {
    id: row.id,
    clientId: row.client_id,
    keyId: row.key_id,
    batchId: row.batch_id,
    toNumber: row.to_number,
    fromNumber: row.from_number,
    text: row.text,
    messageType: row.message_type,
    udh: row.udh,
    smsType: row.sms_type,
    encoding: row.encoding,
    segments: row.segments,
    lane,
    priority: row.priority,
    customId: row.custom_id,
    request: row.request,
    simulated: row.simulated,
    providers: row.providers,
    tried: row.tried,
    round: row.round,
    provider,
    account: row.simulated ? "lab" : "live",
    attemptNumber: row.attempt_count,
    acceptedAt: row.accepted_at,
    dueAt: row.due_at,
    expireAt: row.expire_at,
    lifeLeftMs: row.life_left_ms,
  };
}
