import { makeBatchId, makeMessageId, type Reservation, type SendAnswer } from "@sms-gateway/contracts";
import { resolveTimes } from "./build-envelope.ts";
import type { SendForm } from "./send-form.ts";

/** The answer of an acceptance: the same bytes for the first answer and for every replay, since both come from here. */
export function buildAnswer(idSecret: string, clientId: string, form: SendForm, reservation: Reservation): SendAnswer {
  const ids = form.recipients.map((_recipient, index) => makeMessageId(idSecret, clientId, reservation.seed, index));
  const { scheduleAtMs } = resolveTimes(form, reservation.acceptedAtMs);
  return {
    success: true,
    message: "Request accepted for processing.",
    tracking_id: ids[0] ?? "",
    batch_id: makeBatchId(idSecret, clientId, reservation.seed),
    message_count: ids.length,
    message_ids: ids,
    messages: form.recipients.map(({ number }, index) => ({
      id: ids[index] ?? "",
      to: number,
      status: "accepted",
      encoding: form.encoding,
      segments: form.segments,
    })),
    duplicates: [...form.duplicates],
    warnings: [...form.warnings],
    scheduled_for: scheduleAtMs === null ? null : new Date(scheduleAtMs).toISOString(),
    simulated: reservation.simulated,
  };
}
