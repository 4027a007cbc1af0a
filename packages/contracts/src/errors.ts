/** One entry of the closed list of error codes: what `api.md` section 1 promises for it. */
export interface ErrorDefinition {
  /** HTTP status of the answer. */
  readonly status: number;
  /** One sentence, shown when the place that raises the error has nothing more exact to say. */
  readonly title: string;
  /** Whether the same request may succeed later without being changed. */
  readonly retryable: boolean;
}

/**
 * Every error code a client can meet, in the order of `docs/errors.md`. The list is closed: `make check` compares it
 * with the docs. `INVALID_PAYLOAD` is answered with 400 instead of 422 when the body is not JSON at all.
 */
export const ERROR_CODES = {
  UNAUTHORIZED: {
    status: 401,
    title: "The API key is missing, unknown, revoked or expired, or its client is inactive.",
    retryable: false,
  },
  FORBIDDEN: { status: 403, title: "The API key lacks the scope that this call needs.", retryable: false },
  SENDER_NOT_ALLOWED: { status: 403, title: "The sender does not belong to this client.", retryable: false },
  COUNTRY_NOT_ALLOWED: {
    status: 403,
    title: "The recipient's country is not on this client's list.",
    retryable: false,
  },
  INVALID_PAYLOAD: { status: 422, title: "The request failed validation.", retryable: false },
  UNKNOWN_PROVIDER: { status: 422, title: "A requested provider does not exist.", retryable: false },
  UNSUPPORTED_MESSAGE: {
    status: 422,
    title: "No requested or enabled provider can carry this message.",
    retryable: false,
  },
  PROVIDER_DISABLED: { status: 409, title: "The requested provider is not operational.", retryable: true },
  ALL_PROVIDERS_DISABLED: { status: 409, title: "None of the requested providers is operational.", retryable: true },
  NO_PROVIDER_AVAILABLE: { status: 503, title: "No provider is operational.", retryable: true },
  RECIPIENT_SUPPRESSED: { status: 422, title: "Every recipient has opted out.", retryable: false },
  TEMPLATE_NOT_FOUND: { status: 422, title: "The template does not exist.", retryable: false },
  TEMPLATE_VARIABLES_MISSING: {
    status: 422,
    title: "The template needs variables that were not given.",
    retryable: false,
  },
  TOO_MANY_REQUESTS: { status: 429, title: "A rate limit or the daily quota is used up.", retryable: true },
  IDEMPOTENCY_IN_PROGRESS: {
    status: 409,
    title: "The first request with this Idempotency-Key is still being processed.",
    retryable: true,
  },
  IDEMPOTENCY_KEY_REUSED: {
    status: 422,
    title: "This Idempotency-Key was used for a different request.",
    retryable: false,
  },
  NOT_FOUND: { status: 404, title: "There is nothing at this address.", retryable: false },
  CONFLICT: { status: 409, title: "The present state does not allow this.", retryable: false },
  PAYLOAD_TOO_LARGE: { status: 413, title: "The body is larger than this route takes.", retryable: false },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, title: "Send the body as application/json.", retryable: false },
  METHOD_NOT_ALLOWED: { status: 405, title: "This address does not answer to this method.", retryable: false },
  CURSOR_EXPIRED: { status: 410, title: "The cursor is older than what is kept.", retryable: false },
  SERVICE_UNAVAILABLE: { status: 503, title: "The service cannot take the request just now.", retryable: true },
  INTERNAL_ERROR: { status: 500, title: "Something went wrong on our side.", retryable: true },
} as const satisfies Record<string, ErrorDefinition>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** What an `ApiError` may carry beside its code. `cause` is for the log only and never leaves the service. */
export interface ApiErrorOptions {
  message?: string;
  details?: Record<string, unknown>;
  trackingId?: string;
  /** Seconds for the `Retry-After` header. */
  retryAfterS?: number;
  /** Overrides the code's status; used for a body that is not JSON (400). */
  status?: number;
  cause?: unknown;
}

/** An error that a client is meant to see. Everything else becomes `INTERNAL_ERROR` at the edge. */
export class ApiError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly details: Record<string, unknown>;
  readonly trackingId: string | undefined;
  readonly retryAfterS: number | undefined;

  constructor(code: ErrorCode, options: ApiErrorOptions = {}) {
    super(options.message ?? ERROR_CODES[code].title, { cause: options.cause });
    this.name = "ApiError";
    this.code = code;
    this.status = options.status ?? ERROR_CODES[code].status;
    this.details = options.details ?? {};
    this.trackingId = options.trackingId;
    this.retryAfterS = options.retryAfterS;
  }
}
