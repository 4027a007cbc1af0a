/** What an address answers while it is not ready. */
export interface UnreadyAnswer {
  readonly url: string;
  /** For people, to be put after the address. */
  readonly answer: string;
  /** What it says is down, by name; none when it does not say. */
  readonly parts: readonly string[];
}

/** The dependencies that a body of `GET /readyz` calls down, with its reason; none for any other text. */
export function listUnreadyParts(text: string): string[] {
  const checks = fieldOf(parse(text), "checks");
  if (typeof checks !== "object" || checks === null) return [];
  return Object.entries(checks).flatMap(([name, check]) => {
    const detail = fieldOf(check, "detail");
    if (fieldOf(check, "status") === "ok") return [];
    return [typeof detail === "string" ? `${name} (${detail})` : name];
  });
}

/** What is awaited, each thing once: the parts that are down, else the address that does not answer yet. */
export function describeAwaited(answers: readonly UnreadyAnswer[]): string {
  const awaited = answers.flatMap(({ url, answer, parts }) => (parts.length > 0 ? parts : [`${url} ${answer}`]));
  return [...new Set(awaited)].join(", ");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}
