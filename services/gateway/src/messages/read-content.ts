import type { Encoding, MessageType, SendRequest } from "@sms-gateway/contracts";
import type { FieldProblem } from "@sms-gateway/http";
import { countBinarySegments, countSegments } from "@sms-gateway/sms";
import type { Report } from "./read-send-request.ts";
import type { SendForm } from "./send-form.ts";

type Content = Pick<SendForm, "text" | "templateId" | "messageType" | "udh" | "encoding" | "segments" | "warnings">;
type Body = Partial<Pick<SendRequest, "message" | "text" | "template_id" | "message_type" | "udh">>;

/** Most octets of a binary message's own data: ten messages' worth, as far as the longest text goes. */
const BINARY_OCTETS_MAX = 1400;

/** Reads what is to be sent: the text (or hex), how it is coded, and into how many segments it goes. */
export function readContent(
  body: Body,
  maxMessageLength: number,
  problems: readonly FieldProblem[],
  report: Report,
): Content {
  const messageType: MessageType = body.message_type ?? "text";
  const templateId = body.template_id ?? null;
  const text = body.message ?? body.text ?? null;
  const warnings = [];
  if (body.message != null && body.text != null && body.message !== body.text) {
    warnings.push('Both "message" and "text" were given; "message" is used.');
  }
  if (templateId !== null && text !== null)
    warnings.push("Both a template and a text were given; the template is used.");
  const failed = problems.some((problem) => ["/message", "/text", "/template_id"].includes(problem.path));
  if (templateId === null && !failed) checkText(text, messageType, maxMessageLength, report);
  const udh = readUdh(body.udh ?? null, messageType, report);
  return { text: text ?? "", templateId, messageType, udh, warnings, ...countContent(text ?? "", messageType, udh) };
}

function checkText(text: string | null, messageType: MessageType, maxMessageLength: number, report: Report): void {
  if (text === null || text === "")
    return report("/message", "is required and must not be empty (or give template_id)");
  if (messageType !== "binary") {
    if (text.length > maxMessageLength)
      report("/message", `must be at most ${maxMessageLength} characters, but has ${text.length}`);
    return;
  }
  if (!/^([0-9a-f]{2})+$/i.test(text)) report("/message", "must be hex, two digits an octet, for message_type binary");
  else if (text.length / 2 > BINARY_OCTETS_MAX) report("/message", `must be at most ${BINARY_OCTETS_MAX} octets`);
}

function readUdh(udh: string | null, messageType: MessageType, report: Report): string | null {
  if (udh === null) return null;
  if (messageType !== "binary") report("/udh", "goes with message_type binary only");
  // The first octet is the length of the rest (3GPP TS 23.040, 9.2.3.24).
  if (Number.parseInt(udh.slice(0, 2), 16) !== udh.length / 2 - 1) report("/udh", "must begin with its own length");
  return udh;
}

function countContent(
  text: string,
  messageType: MessageType,
  udh: string | null,
): { encoding: Encoding; segments: number } {
  if (messageType === "binary") {
    // Rounded, since a text that was refused for an odd digit comes here too.
    return { encoding: "binary", segments: countBinarySegments(Math.ceil(text.length / 2), (udh?.length ?? 0) / 2) };
  }
  const counted = messageType === "unicode" ? countSegments(text, "ucs2") : countSegments(text);
  return { encoding: counted.encoding, segments: counted.segments };
}
