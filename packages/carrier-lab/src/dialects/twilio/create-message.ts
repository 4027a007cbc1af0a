import type { BookedAccount } from "../../accounts/account-book.ts";
import type { Delivery } from "../../delivery/delivery-engine.ts";
import type { DeliveryPlan } from "../../scenario/delivery-plan.ts";
import type { LeftUnknown } from "../../scenario/scripts.ts";
import type { SendForm } from "./parse-send-form.ts";
import { createStatusCallback } from "./status-callback.ts";
import type { TwilioDialectDeps } from "./twilio-dialect-deps.ts";
import { invalidTo, TWILIO_ERRORS, type TwilioError } from "./twilio-error.ts";
import {
  changeStatus,
  createTwilioMessage,
  formatTwilioMessage,
  shownSender,
  type TwilioMessage,
} from "./twilio-message.ts";

export type CreateResult =
  | { created: ReturnType<typeof formatTwilioMessage> }
  | { error: TwilioError; retryAfterSeconds: number | null }
  /** No answer: the connection is left silent, or reset. */
  | { unanswered: "silence" | "reset" };

/** Does with a well-formed submit what the scenario of its number says, and answers as Twilio would. */
export async function createMessage(
  deps: TwilioDialectDeps,
  account: BookedAccount,
  form: SendForm,
): Promise<CreateResult> {
  if (deps.deliveries.isFull()) return { error: TWILIO_ERRORS.tooManyRequests, retryAfterSeconds: null };
  const decision = deps.scenarios.decide({
    number: form.to,
    text: form.body,
    messageKey: form.statusCallback?.messageKey ?? null,
    provider: account.provider,
  });
  switch (decision.kind) {
    case "refuse":
      return { error: invalidTo(form.to), retryAfterSeconds: null };
    case "try_later": {
      const retryAfterSeconds = decision.waitMs === null ? null : Math.ceil(decision.waitMs / 1000);
      return { error: TWILIO_ERRORS.tooManyRequests, retryAfterSeconds };
    }
    case "accept":
      return { created: await acceptMessage(deps, account, form, decision.plan) };
    case "leave_unknown":
      return leaveUnknown(deps, account, form, decision);
  }
}

async function leaveUnknown(
  deps: TwilioDialectDeps,
  account: BookedAccount,
  form: SendForm,
  { answer, plan }: LeftUnknown,
): Promise<CreateResult> {
  if (answer === "silence" && deps.silentRequests.isFull()) {
    return { error: TWILIO_ERRORS.tooManyRequests, retryAfterSeconds: null };
  }
  if (plan !== null) await acceptMessage(deps, account, form, plan);
  if (answer === "server_error") return { error: TWILIO_ERRORS.internalServerError, retryAfterSeconds: null };
  return { unanswered: answer };
}

async function acceptMessage(deps: TwilioDialectDeps, account: BookedAccount, form: SendForm, plan: DeliveryPlan) {
  const message = createTwilioMessage(account.accountSid, form, Date.now());
  deps.messages.set(message.sid, message);
  // Taken now: the answer shows the message as it was created, whatever has happened to it before it is sent.
  const created = formatTwilioMessage(message);
  const delivery = createDelivery(deps, { account, form, message, plan });
  if (plan.beforeAnswer) await deps.deliveries.runNow(delivery);
  else deps.deliveries.schedule(delivery);
  return created;
}

interface AcceptedMessage {
  account: BookedAccount;
  form: SendForm;
  message: TwilioMessage;
  plan: DeliveryPlan;
}

function createDelivery(deps: TwilioDialectDeps, { account, form, message, plan }: AcceptedMessage): Delivery {
  const target = form.statusCallback;
  return {
    plan,
    enterState: (state) => changeStatus(message, state, Date.now()),
    reachHandset() {
      deps.inbox.receive({
        number: message.to,
        from: shownSender(message),
        message: message.body,
        provider: account.provider,
        received_at: new Date().toISOString(),
        m: target?.messageKey ?? null,
        id: message.sid,
      });
    },
    async report(state) {
      if (target === null) return;
      const callback = createStatusCallback({ account, message, state, target, atMs: Date.now() });
      await deps.callbacks.send(callback, deps.callbackPolicy);
    },
  };
}
