import type { FastifyReply } from "fastify";

/** An answer other than success, in Twilio's classic error shape. */
export interface TwilioError {
  status: number;
  code: number;
  message: string;
}

/** Codes this dialect answers with: https://www.twilio.com/docs/api/errors */
export const TWILIO_ERRORS = {
  authenticate: { status: 401, code: 20003, message: "Authenticate" },
  internalServerError: { status: 500, code: 20500, message: "Internal Server Error" },
  tooManyRequests: { status: 429, code: 20429, message: "Too Many Requests" },
  toRequired: { status: 400, code: 21604, message: "A 'To' phone number is required." },
  fromRequired: {
    status: 400,
    code: 21603,
    message: "A 'From' phone number or 'MessagingServiceSid' is required to send a message.",
  },
  bodyRequired: { status: 400, code: 21602, message: "Message body is required." },
  bodyTooLong: {
    status: 400,
    code: 21617,
    message: "The concatenated message body exceeds the 1600 character limit.",
  },
  validityPeriodInvalid: { status: 400, code: 21624, message: "Invalid validity period value." },
} as const satisfies Record<string, TwilioError>;

export function invalidTo(to: string): TwilioError {
  return { status: 400, code: 21211, message: `The 'To' number ${to} is not a valid phone number.` };
}

export function invalidFrom(from: string): TwilioError {
  const message = `The 'From' number ${from} is not a valid phone number, shortcode, or alphanumeric sender ID.`;
  return { status: 400, code: 21212, message };
}

export function invalidStatusCallback(url: string): TwilioError {
  return { status: 400, code: 21609, message: `The 'StatusCallback' URL ${url} is not a valid URL.` };
}

export function invalidMessagingService(sid: string): TwilioError {
  return { status: 400, code: 21701, message: `The Messaging Service ${sid} does not exist.` };
}

export function notFound(path: string): TwilioError {
  return { status: 404, code: 20404, message: `The requested resource ${path} was not found` };
}

/** Twilio's general codes are the HTTP status above 20000 (20404, 20429, 20500). */
export function fromHttpStatus(status: number, message: string): TwilioError {
  return { status, code: 20000 + status, message };
}

export function sendTwilioError(reply: FastifyReply, error: TwilioError): FastifyReply {
  const { code, message, status } = error;
  if (status === 401) reply.header("WWW-Authenticate", 'Basic realm="Twilio API"');
  return reply.code(status).send({ code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status });
}
