import { createHash } from "node:crypto";
import { createRecentMap } from "../memory/recent-map.ts";
import { ANY_OTHER_NUMBER, type CarrierDecision, SCRIPTS } from "./scripts.ts";

/** A submit that a dialect found well-formed, in words that all dialects have. */
export interface Submit {
  /** E.164. */
  number: string;
  text: string;
  /** The sender's own id of the message (`m` of its callback address), or null where it gave none. */
  messageKey: string | null;
  /** Whose account asked. */
  provider: string;
}

export interface ScenarioEngine {
  /** Decides, and counts the submit: asking twice is two submits. */
  decide(submit: Submit): CarrierDecision;
}

export interface ScenarioEngineOptions {
  /** How many messages whose script counts are remembered. */
  messagesMax: number;
  /** How long after the last submit such a message is remembered. */
  rememberedMs: number;
  now: () => number;
}

interface Asked {
  times: number;
  firstProvider: string;
}

/**
 * Decides by number what the carrier does. Submits of one message are recognised over all accounts by its key, without
 * one by number and text. Counts live in memory: a restarted lab has forgotten them.
 */
export function createScenarioEngine(options: ScenarioEngineOptions): ScenarioEngine {
  const askedByMessage = createRecentMap<Asked>({
    entriesMax: options.messagesMax,
    lifeMs: options.rememberedMs,
    now: options.now,
  });

  function countSubmit(submit: Submit): Asked {
    const id = identifyMessage(submit);
    const before = askedByMessage.get(id);
    const asked = { times: (before?.times ?? 0) + 1, firstProvider: before?.firstProvider ?? submit.provider };
    askedByMessage.set(id, asked);
    return asked;
  }

  return {
    decide(submit) {
      const script = SCRIPTS.get(submit.number) ?? ANY_OTHER_NUMBER;
      if (!script.remembers) return script.decide({ timesAsked: 1, isFirstAccount: true });
      const asked = countSubmit(submit);
      return script.decide({ timesAsked: asked.times, isFirstAccount: asked.firstProvider === submit.provider });
    },
  };
}

/** Hashed, because keys and texts come from outside and may be long. */
function identifyMessage(submit: Submit): string {
  const identity =
    submit.messageKey === null
      ? `text\0${submit.number}\0${submit.text}`
      : `key\0${submit.number}\0${submit.messageKey}`;
  return createHash("sha256").update(identity).digest("base64url");
}
