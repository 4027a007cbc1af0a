/** One answer as it came. */
export interface Answer {
  readonly status: number;
  /** Names in small letters; several of one name are joined. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

export interface AnswersSoFar {
  /** The whole ones, without interim ones such as `100 Continue`. */
  readonly answers: readonly Answer[];
  /** What is left: an answer that is not whole yet, or no HTTP. */
  readonly restBytes: number;
}

interface Cut {
  readonly answer: Answer;
  readonly end: number;
}

const BODILESS = new Set([204, 304]);
const UNREADABLE = new Set([400, 408, 414, 431]);

/**
 * Reads what a server has written so far. `methods` are those of the requests, in their order, since an answer to HEAD has
 * no body; `isEnd`: nothing more will come, which ends an answer that names no length.
 */
export function readAnswers(bytes: Buffer, methods: readonly string[], isEnd: boolean): AnswersSoFar {
  const answers: Answer[] = [];
  let start = 0;
  for (;;) {
    const cut = cutAnswer(bytes, start, { method: methods[answers.length] ?? "GET", isEnd });
    if (cut === undefined) return { answers, restBytes: bytes.length - start };
    if (cut.answer.status >= 200) answers.push(cut.answer);
    start = cut.end;
  }
}

interface Reading {
  readonly method: string;
  readonly isEnd: boolean;
}

function cutAnswer(bytes: Buffer, start: number, { method, isEnd }: Reading): Cut | undefined {
  const headEnd = bytes.indexOf("\r\n\r\n", start);
  if (headEnd < 0) return undefined;
  const [line = "", ...fields] = bytes.toString("latin1", start, headEnd).split("\r\n");
  const status = Number(/^HTTP\/1\.[01] ([1-5]\d\d)(?: .*)?$/.exec(line)?.[1]);
  if (Number.isNaN(status)) return undefined;
  const headers = readHeaders(fields);
  const bodyStart = headEnd + 4;
  const made = (body: Buffer, end: number): Cut => ({ answer: { status, headers, body }, end });
  if (status < 200 || BODILESS.has(status)) return made(Buffer.alloc(0), bodyStart);
  // Who could not read the request does not know that it was HEAD.
  const isBodiless = method === "HEAD" && !(UNREADABLE.has(status) && isEnd && bytes.length > bodyStart);
  if (isBodiless) return made(Buffer.alloc(0), bodyStart);
  if (headers.get("transfer-encoding") === "chunked") {
    const chunks = cutChunks(bytes, bodyStart);
    return chunks && made(chunks.body, chunks.end);
  }
  const length = headers.get("content-length");
  const end = length === undefined ? (isEnd ? bytes.length : Number.NaN) : bodyStart + Number(length);
  return end <= bytes.length ? made(bytes.subarray(bodyStart, end), end) : undefined;
}

function readHeaders(fields: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>();
  for (const field of fields) {
    const colon = field.indexOf(":");
    const name = field.slice(0, colon).toLowerCase();
    const value = field.slice(colon + 1).trim();
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return headers;
}

function cutChunks(bytes: Buffer, start: number): { readonly body: Buffer; readonly end: number } | undefined {
  const chunks: Buffer[] = [];
  for (let place = start; ; ) {
    const lineEnd = bytes.indexOf("\r\n", place);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(bytes.toString("latin1", place, lineEnd), 16);
    const end = lineEnd + 2 + size + 2;
    if (Number.isNaN(size) || end > bytes.length) return undefined;
    if (size === 0) return { body: Buffer.concat(chunks), end };
    chunks.push(bytes.subarray(lineEnd + 2, end - 2));
    place = end;
  }
}
