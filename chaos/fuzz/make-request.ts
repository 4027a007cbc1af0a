import type { Random } from "../random.ts";
import { type Draft, draftRequest, type Known, type Scene, writeBody } from "./draft.ts";
import { type FuzzRequest, type Route, strangeAddress, writeRequest } from "./fuzz-request.ts";
import { HOSTILE_ADDRESSES } from "./hostile-addresses.ts";
import { HOSTILE_BODIES } from "./hostile-bodies.ts";
import { HOSTILE_HEADERS } from "./hostile-headers.ts";
import { HOSTILE_VALUES } from "./hostile-values.ts";
import { NEAR_TRICKS, type Trick } from "./near-tricks.ts";
import type { Operation } from "./read-operations.ts";

/** What makes a request hostile. */
const HOSTILE_TRICKS: readonly (readonly Trick[])[] = [
  HOSTILE_VALUES,
  HOSTILE_BODIES,
  HOSTILE_HEADERS,
  HOSTILE_ADDRESSES,
];

const VALID_SHARE = 0.3;
const NEAR_SHARE = 0.3;
/** Of the hostile ones: with two tricks at once. */
const TWO_TRICKS_SHARE = 0.2;

export interface Target {
  /** Of the process, for labels. */
  readonly member: string;
  readonly url: string;
  /** Of the run, forked for each route. */
  readonly random: Random;
  readonly known: Known;
}

/** The requests for one operation. */
export function createOperationRoute({ member, url, random, known }: Target, operation: Operation): Route {
  const label = `${member} ${operation.method} ${operation.path}`;
  return {
    label,
    url,
    make: (index) => makeRequest({ operation, known, random: random.fork(label).fork(`${index}`) }),
  };
}

/** A valid, a nearly valid or a hostile request. */
function makeRequest(scene: Scene): FuzzRequest {
  const { random } = scene;
  const draw = random.next();
  const draft = draftRequest(scene);
  if (draw < VALID_SHARE) return finish(scene, draft, "valid");
  if (draw < VALID_SHARE + NEAR_SHARE)
    return finish(scene, draft, `nearly valid: ${applyOne(scene, draft, NEAR_TRICKS)}`);
  const names = [applyOne(scene, draft, pickGroup(scene))];
  if (random.chance(TWO_TRICKS_SHARE)) names.push(applyOne(scene, draft, pickGroup(scene)));
  return finish(scene, draft, `hostile: ${names.join(" with ")}`);
}

/** A kind that suits the operation: values only go where a body is. */
function pickGroup(scene: Scene): readonly Trick[] {
  return scene.random.pick(HOSTILE_TRICKS.filter((group) => group.some((trick) => isPossible(trick, scene.operation))));
}

function applyOne(scene: Scene, draft: Draft, tricks: readonly Trick[]): string {
  const trick = scene.random.pick(tricks.filter((one) => isPossible(one, scene.operation)));
  trick.apply(draft, scene);
  return trick.name;
}

function isPossible({ needs }: Trick, { body, parameters }: Operation): boolean {
  if (needs === undefined) return true;
  return needs === "body" ? body !== undefined : parameters.some(({ place }) => place === needs);
}

function finish({ operation, random }: Scene, draft: Draft, kind: string): FuzzRequest {
  const body = writeBody(draft);
  const target = draft.query.length === 0 ? draft.path : `${draft.path}?${draft.query.join("&")}`;
  const has = (wanted: string): boolean => draft.headers.some(([name]) => name.toLowerCase() === wanted);
  const headers: [string, string][] = has("host") ? [] : [["Host", "localhost"]];
  headers.push(...draft.headers);
  if (body !== undefined) headers.push(["Content-Length", `${body.length}`]);
  return {
    kind,
    bytes: writeRequest(`${draft.method} ${target} HTTP/1.1`, headers, body),
    methods: [draft.method],
    target,
    from: draft.isStranger ? strangeAddress(random) : "127.0.0.1",
    expects: {
      operation,
      also: draft.also,
      ...(draft.mayBreak !== undefined && { mayBreak: draft.mayBreak }),
    },
  };
}
