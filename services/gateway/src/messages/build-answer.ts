import type { RequestIds, Reservation, SendAnswer } from "@sms-gateway/contracts";
import { resolveTimes } from "./resolve-times.ts";
import type { SendForm } from "./send-form.ts";

/** The answer of an acceptance: the same bytes for the first answer and for every replay, since both come from here. */
export function buildAnswer(form: SendForm, reservation: Reservation, ids: RequestIds): SendAnswer {
  const { scheduleAtMs } = resolveTimes(form, reservation.acceptedAtMs);
  return {
    success: true,
    message: "Request accepted for processing.",
    tracking_id: ids.messageIds[0] ?? "",
    batch_id: ids.batchId,
    message_count: ids.messageIds.length,
    message_ids: [...ids.messageIds],
    messages: form.recipients.map(({ number }, index) => ({
      id: ids.messageIds[index] ?? "",
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
