import type { RecipientInput, SendRequest } from "@sms-gateway/contracts";
import { shapeRecipientNumber } from "@sms-gateway/sms";
import type { FormRecipient, FormSettings, ReportProblem } from "./send-form.ts";

/**
 * Reads `to`: one recipient or a list, strings or objects. A bad number refuses the whole request (each one is named);
 * the same number twice is sent once and listed in `duplicates`.
 */
export function readRecipients(
  to: SendRequest["to"] | undefined,
  settings: FormSettings,
  report: ReportProblem,
): { recipients: FormRecipient[]; duplicates: string[] } {
  if (to === undefined) return { recipients: [], duplicates: [] };
  const isList = Array.isArray(to);
  const list = isList ? to : [to];
  if (list.length > settings.maxRecipients) {
    report("/to", `must name at most ${settings.maxRecipients} recipients, but names ${list.length}`);
    return { recipients: [], duplicates: [] };
  }
  const byNumber = new Map<string, FormRecipient>();
  const duplicates = new Set<string>();
  for (const [index, entry] of list.entries()) {
    const path = `/to${isList ? `/${index}` : ""}${typeof entry === "string" ? "" : "/number"}`;
    const recipient = readRecipient(entry, settings, (message) => report(path, message));
    if (recipient === undefined) continue;
    if (byNumber.has(recipient.number)) duplicates.add(recipient.number);
    else byNumber.set(recipient.number, recipient);
  }
  return { recipients: [...byNumber.values()], duplicates: [...duplicates] };
}

function readRecipient(
  entry: string | RecipientInput,
  settings: FormSettings,
  report: (message: string) => void,
): FormRecipient | undefined {
  const written = typeof entry === "string" ? { number: entry } : entry;
  const shaped = shapeRecipientNumber(written.number, {
    ...(written.country_code ? { countryCode: written.country_code } : {}),
    ...(settings.defaultCountry === undefined ? {} : { defaultCountry: settings.defaultCountry }),
  });
  if (shaped.ok) return { number: shaped.number, name: written.name ?? null };
  report(shaped.problem);
  return undefined;
}
