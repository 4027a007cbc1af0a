import { type Expectation, type FuzzRequest, type Route, strangeAddress } from "./fuzz-request.ts";
import type { Target } from "./make-request.ts";
import { PROTOCOL_TRICKS } from "./protocol-tricks.ts";
import type { Operation } from "./read-operations.ts";

/** Requests that break the rules of HTTP itself, so that an HTTP client refuses to send them. */
export function createProtocolRoute({ member, url, random, known }: Target, operations: readonly Operation[]): Route {
  const label = `${member} PROTOCOL`;
  const make = (index: number): FuzzRequest => {
    const draw = random.fork(label).fork(`${index}`);
    const { method, path } = draw.pick(operations);
    const target = path.replaceAll(/\{[^}]+\}/g, "x");
    const trick = draw.pick(PROTOCOL_TRICKS);
    const line = { method, path: target, key: known.keys.client, random: draw };
    const expects: Expectation = {
      also: [],
      ...(trick.mayBreak !== undefined && { mayBreak: trick.mayBreak }),
      ...(trick.isWatched && { isWatched: true }),
      ...(trick.endsSide && { endsSide: true }),
    };
    return {
      kind: `protocol: ${trick.name}`,
      bytes: Buffer.from(trick.write(line), "latin1"),
      methods: trick.methods?.(line) ?? [method],
      target,
      from: strangeAddress(draw),
      expects,
    };
  };
  return { label, url, make };
}
