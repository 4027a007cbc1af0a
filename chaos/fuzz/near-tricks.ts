import { type Draft, type Scene, setHeader, UNKNOWN_ADDRESS } from "./draft.ts";
import { isObject } from "./json-schema.ts";
import { listPlaces, removeAt, replaceAt, schemaAt, valueAt, type Way } from "./value-places.ts";

/** Changes one thing of a valid request. */
export interface Trick {
  readonly name: string;
  /** What the request must have for it. */
  readonly needs?: "body" | "path" | "query";
  apply(draft: Draft, scene: Scene): void;
}

const OTHER_TYPES = [null, true, false, 0, -1, 1.5, "", "text", [], {}, [[]], { a: 1 }, "null", "0"] as const;

/** What makes a request nearly valid. */
export const NEAR_TRICKS: readonly Trick[] = [
  {
    name: "a field is missing",
    needs: "body",
    apply: (draft, { random }) => {
      const fields = innerPlaces(draft);
      if (fields.length > 0) draft.value = removeAt(draft.value, random.pick(fields));
    },
  },
  {
    name: "a field too many",
    needs: "body",
    apply: (draft, { random }) => {
      const objects = listPlaces(draft.value).filter((way) => isObject(valueAt(draft.value, way)));
      if (objects.length === 0) return;
      const name = random.pick(["unexpected", "TO", "Message", "id", "status", "client_id", ""]);
      draft.value = replaceAt(draft.value, [...random.pick(objects), name], random.pick(OTHER_TYPES));
    },
  },
  {
    name: "another type",
    needs: "body",
    apply: (draft, { random }) => {
      draft.value = replaceAt(draft.value, random.pick(listPlaces(draft.value)), random.pick(OTHER_TYPES));
    },
  },
  {
    name: "null in place of a value",
    needs: "body",
    apply: (draft, { random }) => {
      draft.value = replaceAt(draft.value, random.pick(listPlaces(draft.value)), null);
    },
  },
  {
    name: "a list in place of its item",
    needs: "body",
    apply: (draft, { random }) => {
      const way = random.pick(listPlaces(draft.value));
      draft.value = replaceAt(draft.value, way, [valueAt(draft.value, way)]);
    },
  },
  { name: "at a bound or beside it", needs: "body", apply: moveToBound },
  { name: "a key twice", needs: "body", apply: doubleKey },
  {
    name: "an unknown parameter",
    apply: (draft, { random }) => {
      draft.query.push(random.pick(["unknown=1", "limit[]=1", "limit[a]=1", "=", "&&", "a=b=c", "api_key=1"]));
    },
  },
  {
    name: "a parameter twice",
    needs: "query",
    apply: (draft, { operation, random }) => {
      const { name } = random.pick(operation.parameters.filter(({ place }) => place === "query"));
      draft.query.push(`${name}=1`, `${name}=2`);
    },
  },
  {
    name: "a parameter at a bound",
    needs: "query",
    apply: (draft, { operation, random }) => {
      const { name } = random.pick(operation.parameters.filter(({ place }) => place === "query"));
      const values = ["", "0", "1", "-1", "100", "101", "500", "501", "1e3", "1.5", "null", "2026-13-45", "+49", "%20"];
      draft.query.push(`${name}=${random.pick(values)}`);
    },
  },
  {
    name: "an id that is nearly one",
    needs: "path",
    apply: (draft, { random }) => {
      const end = draft.path.length - random.int(1, 3);
      draft.path = random.pick([
        draft.path.toUpperCase(),
        draft.path.slice(0, end),
        `${draft.path}0`,
        `${draft.path}/`,
      ]);
      draft.also.push(...UNKNOWN_ADDRESS);
    },
  },
  {
    name: "an Idempotency-Key at a bound",
    apply: (draft, { random }) => {
      setHeader(draft, "Idempotency-Key", "k".repeat(random.pick([1, 254, 255, 256])) + random.int(0, 9));
    },
  },
  {
    name: "the same Idempotency-Key for other requests",
    apply: (draft) => setHeader(draft, "Idempotency-Key", "the-same-for-all"),
  },
];

function innerPlaces({ value }: Draft): Way[] {
  return listPlaces(value).filter((way) => way.length > 0);
}

/** Texts, lists and numbers at the least or most that the schema allows, and one past it. */
function moveToBound(draft: Draft, { operation, random }: Scene): void {
  const bounded = listPlaces(draft.value).flatMap((way) => {
    const schema = schemaAt(operation.schemas, operation.body, draft.value, way);
    const sizes = [
      schema.minLength,
      schema.maxLength,
      schema.minItems,
      schema.maxItems,
      schema.minimum,
      schema.maximum,
    ];
    return sizes.flatMap((size) => (typeof size === "number" ? [{ way, size }] : []));
  });
  if (bounded.length === 0) return;
  const { way, size } = random.pick(bounded);
  const moved = Math.max(0, size + random.int(-1, 1));
  const value = valueAt(draft.value, way);
  if (typeof value === "string") draft.value = replaceAt(draft.value, way, value.padEnd(moved, "x").slice(0, moved));
  else if (typeof value === "number") draft.value = replaceAt(draft.value, way, size + random.int(-1, 1));
  else if (Array.isArray(value)) {
    draft.value = replaceAt(
      draft.value,
      way,
      Array.from({ length: moved }, (_, index) => value[index % value.length]),
    );
  }
}

/** The later one counts for JSON.parse, and the earlier one for others. */
function doubleKey(draft: Draft, { random }: Scene): void {
  if (!isObject(draft.value)) return;
  const names = Object.keys(draft.value);
  if (names.length === 0) return;
  const field = `${JSON.stringify(random.pick(names))}:${JSON.stringify(random.pick(OTHER_TYPES))}`;
  const isFirst = random.chance(0.5);
  draft.reshapes.push((bytes) => {
    const inside = bytes.toString().slice(1, -1);
    return Buffer.from(isFirst ? `{${field},${inside}}` : `{${inside},${field}}`);
  });
}
