import type { Encoding, MessageType, SendRequest } from "@sms-gateway/contracts";
import { countBinarySegments, countSegments } from "@sms-gateway/sms";
import { countCharacters } from "./count-characters.ts";
import type { ReportProblem, SendForm } from "./send-form.ts";

type Content = Pick<SendForm, "text" | "templateId" | "messageType" | "udh" | "encoding" | "segments" | "warnings">;
type ContentFields = Partial<Pick<SendRequest, "message" | "text" | "template_id" | "message_type" | "udh">>;

/** What the whole form has to say about the content. */
export interface ContentContext {
  readonly maxMessageLength: number;
  /** The schema has refused one of the fields that carry the content, so that its absence says nothing. */
  readonly contentFailed: boolean;
  readonly report: ReportProblem;
}

/** Most octets of a binary message's own data: ten messages' worth, as far as the longest text goes. */
const BINARY_OCTETS_MAX = 1400;
/** What the concatenation header can count (3GPP TS 23.040, 9.2.3.24.1). */
const SEGMENTS_MAX = 255;

/** Reads what is to be sent: the text (or hex), how it is coded, and into how many segments it goes. */
export function readContent(fields: ContentFields, context: ContentContext): Content {
  const { report } = context;
  const messageType: MessageType = fields.message_type ?? "text";
  const templateId = fields.template_id ?? null;
  // An empty one is as good as none: clients fill in all fields of their forms.
  const text = fields.message || fields.text || "";
  if (templateId === null && !context.contentFailed) checkText(text, messageType, context);
  const udh = readUdh(fields.udh ?? null, messageType, report);
  const counted = countContent(text, messageType, udh);
  if (counted.segments > SEGMENTS_MAX)
    report("/message", `must go into ${SEGMENTS_MAX} segments, but takes ${counted.segments}`);
  return { text, templateId, messageType, udh, warnings: listWarnings(fields, templateId, text), ...counted };
}

function listWarnings({ message, text: other }: ContentFields, templateId: string | null, text: string): string[] {
  const warnings: string[] = [];
  if (message && other && message !== other) {
    warnings.push('Both "message" and "text" were given; "message" is used.');
  }
  if (templateId !== null && text !== "") {
    warnings.push("Both a template and a text were given; the template is used.");
  }
  return warnings;
}

function checkText(text: string, messageType: MessageType, { maxMessageLength, report }: ContentContext): void {
  if (text === "") {
    report("/message", "is required and must not be empty (or give template_id)");
  } else if (messageType === "binary") {
    if (!/^([0-9a-f]{2})+$/i.test(text)) {
      report("/message", "must be hex, two digits an octet, for message_type binary");
    } else if (text.length / 2 > BINARY_OCTETS_MAX) report("/message", `must be at most ${BINARY_OCTETS_MAX} octets`);
  } else if (text.length > maxMessageLength) {
    const characters = countCharacters(text);
    if (characters > maxMessageLength) {
      report("/message", `must be at most ${maxMessageLength} characters, but has ${characters}`);
    }
  }
}

function readUdh(udh: string | null, messageType: MessageType, report: ReportProblem): string | null {
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
    return {
      encoding: "binary",
      segments: countBinarySegments(Math.ceil(text.length / 2), (udh?.length ?? 0) / 2),
    };
  }
  const counted = messageType === "unicode" ? countSegments(text, "ucs2") : countSegments(text);
  return { encoding: counted.encoding, segments: counted.segments };
}
