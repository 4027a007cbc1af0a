import { isFinalState, type ProviderName } from "@sms-gateway/contracts";
import { type Database, type DueCheck, findForeignIds, hasRivals } from "@sms-gateway/db";
import type { FoundMessage, ProviderAccount, SearchResult } from "@sms-gateway/providers";
import type { Logger } from "@sms-gateway/runtime";
import type { ProviderAccounts } from "../accounts/provider-accounts.ts";
import { askSideBySide } from "../ask-side-by-side.ts";
import { isThrottled, type QuestionQuota } from "../reports/question-quota.ts";
import type { ProviderWord } from "./decide-unknown.ts";

/** What searching needs. */
export interface SearchDeps {
  readonly db: Database;
  readonly accounts: ProviderAccounts;
  readonly questions: QuestionQuota;
  readonly logger: Logger;
  /** Ends what is under way early. */
  readonly signal: AbortSignal;
}

/** One attempt, with what its provider says of it. */
export interface Searched {
  readonly check: DueCheck;
  readonly word: ProviderWord;
  /** How long the provider's search may miss a message, in ms; null: it cannot be searched. */
  readonly settleMs: number | null;
}

/** Of one search, however many requests it takes, in ms. Short: a code waits for it. */
const SEARCH_TIMEOUT_MS = 3_000;
/** Searches of one provider at a time; beside the submits, which have slots of their own. */
const CONCURRENCY = 16;
/** A provider that could not be asked so often in one run is away: the rest of the run does not wait for it. */
const UNAVAILABLE_MAX = 4;

const CANNOT_TELL: ProviderWord = { said: "cannot_tell" };

/** Asks one provider about attempts of unknown outcome; outside of any transaction. Never rejects for what it answers. */
export async function searchProvider(
  deps: SearchDeps,
  provider: ProviderName,
  checks: readonly DueCheck[],
): Promise<Searched[]> {
  let unavailable = 0;
  return await askSideBySide(checks, CONCURRENCY, async (check) => {
    const account = deps.accounts.find(provider, check.account);
    const settleSeconds = account?.capabilities.search?.settleSeconds;
    const settleMs = settleSeconds === undefined ? null : settleSeconds * 1000;
    const isAway = unavailable >= UNAVAILABLE_MAX || deps.questions.isBackedOff(provider) || deps.signal.aborted;
    if (account?.search === undefined || check.text === null || isAway || !isOpen(check)) {
      return { check, word: CANNOT_TELL, settleMs };
    }
    const result = await search(deps, account, check, check.text);
    if (result.result === "unavailable") {
      unavailable += 1;
      if (isThrottled(result.error)) deps.questions.backOff(provider);
    }
    const word = result.result === "unavailable" ? CANNOT_TELL : await weighList(deps.db, check, result);
    const said = result.result === "unavailable" ? result.error.code : word.said;
    const ids = { message_id: check.messageId, attempt: check.attemptNumber, provider, account: check.account };
    deps.logger.info({ event: "unknown.searched", ...ids, said });
    return { check, word, settleMs };
  });
}

/** Whether the answer may still matter: until the deadline, unless something better than `unknown` is known. */
function isOpen({ messageStatus, now, expireAt }: DueCheck): boolean {
  return now < expireAt && (messageStatus === "unknown" || !isFinalState(messageStatus));
}

async function search(
  { logger, signal }: SearchDeps,
  account: ProviderAccount,
  check: DueCheck,
  text: string,
): Promise<SearchResult> {
  const { toNumber: to, fromNumber: from, startedAt: sentAfter, finishedAt: sentBefore } = check;
  const unavailable: SearchResult = {
    result: "unavailable",
    error: { code: "ADAPTER_FAILED", reason: "Our own fault while the provider was asked." },
  };
  try {
    const query = { to, from, text, sentAfter, sentBefore };
    return (await account.search?.(query, { timeoutMs: SEARCH_TIMEOUT_MS, signal })) ?? unavailable;
  } catch (err) {
    logger.error({ event: "unknown.adapter_failed", message_id: check.messageId, provider: check.provider, err });
    return unavailable;
  }
}

/** Messages that other attempts are known by are not this one; one that another attempt may be known by tells nothing. */
async function weighList(
  db: Database,
  check: DueCheck,
  { messages, complete }: Extract<SearchResult, { result: "listed" }>,
): Promise<ProviderWord> {
  const ids = messages.map(({ providerMessageId }) => providerMessageId);
  const foreign = ids.length === 0 ? new Set<string>() : await findForeignIds(db, check, ids);
  const own: FoundMessage[] = messages.filter(({ providerMessageId }) => !foreign.has(providerMessageId));
  const [only, ...others] = own;
  if (only === undefined) return complete ? { said: "not_found" } : CANNOT_TELL;
  if (others.length > 0 || (await hasRivals(db, check))) return CANNOT_TELL;
  return { said: "found", message: only };
}
