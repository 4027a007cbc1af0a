/** Fields that are shown in front, or say the same on every line. */
const LEADING = ["level", "time", "service", "event", "msg"];
const INDENT = "    ";

/**
 * One line of a service's log as people read it: time, level, service, event, message, the other fields as `name=value`,
 * an error's stack below. With `services`, undefined for a line of another one. What no service wrote is shown as it is:
 * a crash has no fields. `stacks: false` shows of an error what it says alone.
 */
export function formatLogLine(
  line: string,
  services?: readonly string[],
  { stacks }: { stacks: boolean } = { stacks: true },
): string | undefined {
  const fields = readFields(line);
  if (fields === undefined) return line;
  const service = String(fields.service);
  if (services?.includes(service) === false) return undefined;
  const { err, ...others } = fields;
  const rest = Object.entries(others).filter(([name]) => !LEADING.includes(name));
  const words = [
    String(fields.time),
    String(fields.level).toUpperCase().padEnd(5),
    service.padEnd(10),
    ...[fields.event, fields.msg].flatMap((text) => (typeof text === "string" ? [text] : [])),
    ...rest.map(([name, value]) => `${name}=${writeValue(value)}`),
  ];
  return [words.join(" "), ...describeError(err, stacks)].join("\n");
}

function readFields(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    const fields: unknown = JSON.parse(line);
    return typeof fields === "object" && fields !== null && "service" in fields ? { ...fields } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function writeValue(value: unknown): string {
  if (typeof value === "string" && /^[^\s"=]+$/.test(value)) return value;
  return JSON.stringify(value) ?? String(value);
}

/** The stack, which begins with type and message, or these alone; then the other facts, then the same of the cause. */
function describeError(err: unknown, stacks: boolean): string[] {
  if (err === undefined) return [];
  if (typeof err !== "object" || err === null) return [`${INDENT}${String(err)}`];
  const { stack, cause, type, message, ...facts }: Record<string, unknown> = { ...err };
  const title =
    stacks && typeof stack === "string" ? stack : [type, message].filter((text) => text !== undefined).join(": ");
  const lines = [title, ...(Object.keys(facts).length === 0 ? [] : [JSON.stringify(facts)])].join("\n").split("\n");
  const shown = lines.filter((line) => line !== "").map((line) => `${INDENT}${line}`);
  return [...shown, ...(cause === undefined ? [] : [`${INDENT}caused by:`, ...describeError(cause, stacks)])];
}
