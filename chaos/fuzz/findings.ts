import type { FuzzRequest } from "./fuzz-request.ts";
import type { Fault, FaultKind } from "./judge-exchange.ts";
import type { Exchange } from "./send-request.ts";

/** A fault, as often as it was met on one route. */
export interface Finding {
  readonly kind: FaultKind;
  /** Of the first request that met it. */
  readonly detail: string;
  readonly request: string;
  /** Arguments that make that request again. */
  readonly replay: string;
  readonly times: number;
}

/** What became of all requests of a route. */
export interface RouteResult {
  readonly route: string;
  readonly requests: number;
  /** Answers by the first digit of their status, such as `4xx`; `none`: the connection ended. */
  readonly byClass: Readonly<Record<string, number>>;
  readonly slowestMs: number;
  readonly findings: readonly Finding[];
}

/** One request and what came of it. */
export interface Shot {
  readonly request: FuzzRequest;
  readonly exchange: Exchange;
  readonly faults: readonly Fault[];
  readonly replay: string;
}

/** Adds up what comes of the requests of one route. */
export interface RouteCount {
  add(shot: Shot): void;
  result(): RouteResult;
}

/** Starts at nothing. */
export function countRoute(label: string): RouteCount {
  const byClass: Record<string, number> = {};
  const findings = new Map<string, Finding>();
  let requests = 0;
  let slowestMs = 0;
  return {
    add({ request, exchange: { answers, tookMs }, faults, replay }) {
      requests += 1;
      slowestMs = Math.max(slowestMs, tookMs);
      const [answer] = answers;
      const met =
        answer === undefined ? "none" : answer.status === 503 ? "503" : `${Math.floor(answer.status / 100)}xx`;
      byClass[met] = (byClass[met] ?? 0) + 1;
      for (const { kind, detail } of faults) {
        const same = findings.get(nameAlike(kind, detail));
        const first = same ?? { kind, detail, request: request.kind, replay, times: 0 };
        findings.set(nameAlike(kind, detail), { ...first, times: first.times + 1 });
      }
    },
    result: () => ({ route: label, requests, byClass, slowestMs, findings: [...findings.values()] }),
  };
}

/** The same for faults that differ only in what the request had in it. */
export function nameAlike(kind: string, detail: string): string {
  return `${kind} ${detail.slice(0, 50).replaceAll(/(?<=\D)\d+/g, "#")}`;
}
