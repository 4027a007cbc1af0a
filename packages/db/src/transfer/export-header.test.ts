import { expect, test } from "vitest";
import { parseHeader, writeHeader } from "./export-header.ts";

const FACTS = {
  migrations: [{ name: "1_first", checksum: "c" }],
  tables: [
    {
      name: "messages",
      columns: ["id"],
      rows: 3,
      partitions: [{ name: "messages_2026_10", bounds: "FOR VALUES FROM ('a') TO ('b')" }],
    },
  ],
  sequences: [{ name: "events_position_seq", last_value: "9007199254740993" }],
};

test("a header survives its way through the file", () => {
  const line = writeHeader(FACTS);
  expect(line.indexOf("\n")).toBe(line.length - 1);
  expect(parseHeader(line)).toMatchObject(FACTS);
});

test.each([
  ["no JSON", "PGDMP", /first line is no JSON/],
  ["something else", '{"format":"other"}', /no export of an installation/],
  ["a field of another type", writeHeader(FACTS).replace('"rows":3', '"rows":"3"'), /\/tables\/0\/rows/],
  ["a later format", writeHeader(FACTS).replace('"version":1', '"version":2'), /format version 2/],
  ["bounds that would end a statement", writeHeader(FACTS).replace("('b')", "('b'); drop table x; --')"), /bounds/],
])("a file that begins with %s is refused", (_what, line, reason) => {
  expect(() => parseHeader(line)).toThrow(reason);
});

test("partitions that no import could make are not exported", () => {
  const [table] = FACTS.tables;
  const list = { name: "messages_eu", bounds: "FOR VALUES IN ('eu')" };
  expect(() =>
    writeHeader({ ...FACTS, tables: [{ ...table, name: "m", columns: [], rows: 0, partitions: [list] }] }),
  ).toThrow(/bounds/);
});
