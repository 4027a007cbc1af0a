import { expect, test } from "vitest";
import { createRandom } from "../random.ts";
import { openSchemas } from "./json-schema.ts";
import { makeValue } from "./make-value.ts";
import { fits, listMismatches } from "./match-schema.ts";

const schemas = openSchemas({ defs: { id: { type: "string", minLength: 2 } } });

test.each([
  [{ type: "string" }, 5, ["/ is no string"]],
  [{ type: ["string", "null"] }, null, []],
  [{ type: "integer" }, 1.5, ["/ is no integer"]],
  [{ type: "array", items: { type: "number" } }, [1, "2"], ["/1 is no number"]],
  [{ type: "object" }, [], ["/ is no object"]],
  [{ enum: ["a", "b"] }, "c", ["/ is none of the choices"]],
  [{ const: true }, false, ["/ is not the constant"]],
  [{ anyOf: [{ type: "string" }, { type: "null" }] }, 5, ["/ fits none of 2 alternatives"]],
  [{ minimum: 1, maximum: 5 }, 6, ["/ is 6, above 5"]],
  [{ minLength: 2 }, "a", ["/ has characters: 1, below 2"]],
  [{ maxItems: 1 }, [1, 2], ["/ has items: 2, above 1"]],
  [{ pattern: "^a+$" }, "b", ["/ does not match its pattern"]],
  [{ format: "date-time" }, "yesterday", ["/ is no date-time"]],
  [{ required: ["a"] }, {}, ["/a is missing"]],
  [{ properties: { a: { $ref: "#/defs/id" } } }, { a: "x" }, ["/a has characters: 1, below 2"]],
  [{ properties: {}, additionalProperties: false }, { b: 1 }, ["/b is not declared"]],
  [{ additionalProperties: { type: "number" } }, { b: "1" }, ["/b is no number"]],
  [{}, { anything: [1] }, []],
])("%j against %j", (schema, value, mismatches) => {
  expect(listMismatches(schemas, schema, value)).toEqual(mismatches);
});

test("a reference that leads nowhere is an error of the document", () => {
  expect(() => fits(schemas, { $ref: "#/defs/other" }, 1)).toThrow("leads nowhere");
});

test("values are made to fit, whatever the seed", () => {
  const schema = {
    type: "object",
    required: ["id", "count", "list", "choice", "at"],
    properties: {
      id: { $ref: "#/defs/id" },
      count: { type: "integer", minimum: 3, maximum: 4 },
      list: { type: "array", items: { type: "boolean" }, minItems: 1, maxItems: 2 },
      choice: { anyOf: [{ enum: [1, 2] }, { type: "null" }] },
      at: { type: "string", format: "date-time" },
      name: { type: "string", maxLength: 3 },
    },
    additionalProperties: { type: "string" },
  };
  for (let seed = 0; seed < 500; seed += 1) {
    const value = makeValue({ schemas, random: createRandom(seed), nowMs: 0 }, schema);
    expect(listMismatches(schemas, schema, value)).toEqual([]);
  }
});
