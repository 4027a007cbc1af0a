import type { Answer } from "./read-answers.ts";

/** A value that was given to a process and belongs to nobody else. */
export interface Secret {
  readonly name: string;
  readonly value: string;
}

/** What an error tells only those who look for a way in. Echoes of the request are no leak. */
const INSIDES: readonly { readonly name: string; readonly pattern: RegExp }[] = [
  { name: "a stack trace", pattern: /\bat (?:async )?[\w.<>[\] ]+ \(?(?:file:|node:|\/)[^\s)]*:\d+:\d+/ },
  {
    name: "a path of the server",
    pattern: /(?:\/node_modules\/|\/dist\/[\w-]+\.m?js|file:\/\/\/|\/(?:home|root|tmp|app|usr)\/[\w.-]+\/)/,
  },
  {
    name: "SQL",
    pattern:
      /\b(?:select\b.{1,200}\bfrom|insert into|update\b.{1,200}\bset|delete from|relation "|column "|syntax error at)\b/is,
  },
  {
    name: "a library",
    pattern: /\b(?:prisma|postgres(?:ql)?|redis|ioredis|amqp(?:lib)?|undici|ECONN[A-Z]+|ERR_[A-Z_]+|FST_[A-Z_]+)\b/i,
  },
  { name: "a file of the server", pattern: /root:.{0,20}:0:0|"devDependencies"/ },
];

/** What an answer tells that it must not; undefined when there is nothing. */
export function findLeak(
  { status, headers, body }: Answer,
  requestBytes: Buffer,
  secrets: readonly Secret[],
): string | undefined {
  const text = [...headers.values(), body.toString()].join("\n");
  const secret = secrets.find(({ value }) => text.includes(value));
  if (secret !== undefined) return `the value of ${secret.name}`;
  // Answers without an error show what clients have written, and the documents speak of the product.
  if (status < 400) return undefined;
  for (const { name, pattern } of INSIDES) {
    const [found] = pattern.exec(text) ?? [];
    if (found !== undefined && !requestBytes.includes(found)) return `${name}: ${found.slice(0, 100)}`;
  }
  return undefined;
}
