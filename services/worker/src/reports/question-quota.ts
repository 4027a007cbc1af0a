import type { ProviderName } from "@sms-gateway/contracts";

/**
 * How often this worker asks each provider about messages it took. One for all who ask: the chase, and the looks at attempts
 * that a report has proved meanwhile. Searches for unknown outcomes are not counted, since codes wait for them; but who is
 * told to slow down stops those as well.
 */
export interface QuestionQuota {
  /** Takes up to `wanted` questions; answers how many may be asked now. */
  take(provider: ProviderName, wanted: number): number;
  /** Gives a question that may not be asked now its turn, behind all that were put off before: in so many ms. */
  putOff(provider: ProviderName): number;
  /** The provider refused a question for its rate: nothing is asked of it for a while. */
  backOff(provider: ProviderName): void;
  isBackedOff(provider: ProviderName): boolean;
  /** So many are asked at a time: however many a run may ask, it is done after five rounds. */
  readonly sideBySide: number;
}

/** A run every two seconds may ask what two seconds allow. */
const SECONDS_OF_A_RUN = 2;
const ROUNDS_OF_A_RUN = 5;
/** Rates are counted by the second. */
const BACK_OFF_MS = 10_000;

interface Account {
  tokens: number;
  atMs: number;
  backedOffUntilMs: number;
  /** When the last of those that were put off has its turn. */
  lineUntilMs: number;
}

/** Makes the quota of one worker. @param perSecond questions to each provider. @param now monotonic, in ms. */
export function createQuestionQuota(perSecond: number, now: () => number = () => performance.now()): QuestionQuota {
  const questionsMax = perSecond * SECONDS_OF_A_RUN;
  const turnMs = 1000 / perSecond;
  const accounts = new Map<ProviderName, Account>();

  function open(provider: ProviderName): Account {
    const nowMs = now();
    const account = accounts.get(provider) ?? {
      tokens: questionsMax,
      atMs: nowMs,
      backedOffUntilMs: nowMs,
      lineUntilMs: nowMs,
    };
    const earned = ((nowMs - account.atMs) / 1000) * perSecond;
    account.tokens = Math.min(questionsMax, account.tokens + earned);
    account.atMs = nowMs;
    accounts.set(provider, account);
    return account;
  }

  const isBackedOff = (provider: ProviderName): boolean => open(provider).backedOffUntilMs > now();

  return {
    take(provider, wanted) {
      if (isBackedOff(provider)) return 0;
      const account = open(provider);
      const taken = Math.min(wanted, Math.floor(account.tokens));
      account.tokens -= taken;
      return taken;
    },
    putOff(provider) {
      const account = open(provider);
      account.lineUntilMs = Math.max(account.lineUntilMs, account.backedOffUntilMs, now()) + turnMs;
      return account.lineUntilMs - now();
    },
    backOff(provider) {
      open(provider).backedOffUntilMs = now() + BACK_OFF_MS;
    },
    isBackedOff,
    sideBySide: Math.ceil(questionsMax / ROUNDS_OF_A_RUN),
  };
}

/** Whether a question was refused for its rate: HTTP 429, or the provider's own code for it, which repeats that number. */
export function isThrottled(error: { readonly code: string }): boolean {
  return error.code.endsWith("429");
}
