import { type DestinationStream, type LevelWithSilent, type Logger, pino, stdTimeFunctions } from "pino";
import { REDACTED, redactFields } from "./redact-fields.ts";
import { serializeError } from "./serialize-error.ts";

export type { Logger };

/** Least severe level that is written; `silent` writes nothing. */
export type LogLevel = LevelWithSilent;

// Bindings of child loggers do not pass the log formatter, so their flat secret keys are listed for pino itself.
const REDACTED_BINDINGS = [
  "text",
  "message_text",
  "apiKey",
  "api_key",
  "password",
  "secret",
  "token",
  "code",
  "otp_code",
];

/** What `createLogger` needs. */
export interface LoggerOptions {
  /** Name of the service; stands in each line. */
  readonly service: string;
  readonly level: LogLevel;
  /** Where lines go; standard output, written synchronously, when left out. */
  readonly destination?: DestinationStream;
}

/**
 * Creates the JSON logger of a process: one line per entry with `level` as text, ISO `time` and `service`. Texts, keys,
 * codes and credentials are replaced wherever they stand in a line's fields, and errors are reduced to type, message,
 * code, stack and cause. Phone numbers are masked by the caller (`maskPhoneNumber`). The fields of `child()` should be
 * flat, since only their own keys are looked at.
 */
export function createLogger({ service, level, destination }: LoggerOptions): Logger {
  return pino(
    {
      level,
      base: { service },
      timestamp: stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        log: redactFields,
      },
      serializers: { err: serializeError, req: serializeRequest, res: serializeResponse },
      redact: { paths: REDACTED_BINDINGS, censor: (value: unknown) => (value === null ? null : REDACTED) },
    },
    destination ?? pino.destination({ fd: 1, sync: true }),
  );
}

// No URL: query and path may hold phone numbers and signatures.
function serializeRequest(request: unknown): Record<string, unknown> {
  return pickFields(request, { id: "request_id", method: "method" });
}

function serializeResponse(response: unknown): Record<string, unknown> {
  return pickFields(response, { statusCode: "status" });
}

function pickFields(source: unknown, names: Record<string, string>): Record<string, unknown> {
  if (typeof source !== "object" || source === null) return {};
  return Object.fromEntries(
    Object.entries(names)
      .map(([from, to]): [string, unknown] => [to, Reflect.get(source, from)])
      .filter(([, value]) => typeof value === "string" || typeof value === "number"),
  );
}
