import type { DeclaredError } from "@sms-gateway/http";

/** How a caller of the API shows who it is, for a route's schema. */
export const SEND_SECURITY = [{ ApiKey: [] }, { Bearer: [] }, { Basic: [] }];

/** Everything that a request to send may end in beside success. */
export const SEND_ERRORS: readonly DeclaredError[] = [
  400,
  "UNAUTHORIZED",
  "FORBIDDEN",
  "SENDER_NOT_ALLOWED",
  "PROVIDER_DISABLED",
  "ALL_PROVIDERS_DISABLED",
  "IDEMPOTENCY_IN_PROGRESS",
  "PAYLOAD_TOO_LARGE",
  "UNSUPPORTED_MEDIA_TYPE",
  "INVALID_PAYLOAD",
  "UNKNOWN_PROVIDER",
  "UNSUPPORTED_MESSAGE",
  "TEMPLATE_NOT_FOUND",
  "IDEMPOTENCY_KEY_REUSED",
  "TOO_MANY_REQUESTS",
  "INTERNAL_ERROR",
  "NO_PROVIDER_AVAILABLE",
  "SERVICE_UNAVAILABLE",
];
