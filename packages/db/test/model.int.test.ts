import { readFileSync } from "node:fs";
import { describeWith } from "@sms-gateway/testkit";
import { expect, test } from "vitest";
import { ask } from "./ask.ts";
import { useDatabase } from "./test-database.ts";

interface ModelField {
  name: string;
  dbName?: string | null;
  kind: string;
  type: string;
  isList: boolean;
  isRequired: boolean;
  nativeType?: [string, string[]] | null;
}
interface Model {
  dbName: string;
  fields: ModelField[];
}
interface Column {
  table_name: string;
  column_name: string;
  type: string;
  nullable: boolean;
}

const { models }: { models: Model[] } = JSON.parse(
  readFileSync(new URL("../src/generated/model.json", import.meta.url), "utf8"),
);

/** How Postgres spells the types that the model names; what is not here fails the test. */
const PLAIN_TYPES: Readonly<Record<string, string>> = {
  String: "text",
  Boolean: "boolean",
  Int: "integer",
  Float: "double precision",
  BigInt: "bigint",
  Json: "jsonb",
  Bytes: "bytea",
};
const NATIVE_TYPES: Readonly<Record<string, (args: string[]) => string>> = {
  Uuid: () => "uuid",
  SmallInt: () => "smallint",
  Date: () => "date",
  Timestamptz: ([precision]) => `timestamp(${precision}) with time zone`,
  Decimal: ([precision, scale]) => `numeric(${precision},${scale})`,
};

describeWith("postgres", "the model and the database", (adminUrl) => {
  const database = useDatabase(adminUrl);

  test("have the same tables, columns, types and nullability", async () => {
    const columns = await ask<Column>(
      database.open(),
      `select c.table_name, c.column_name, c.is_nullable = 'YES' as nullable,
         format_type(a.atttypid, a.atttypmod) as type
       from information_schema.columns c
       join pg_class t on t.relname = c.table_name and t.relnamespace = c.table_schema::regnamespace
       join pg_attribute a on a.attrelid = t.oid and a.attname = c.column_name
       where c.table_schema = 'public' and not t.relispartition and c.table_name <> '_prisma_migrations'`,
    );
    const found = columns.map((column) => describeColumn(column)).sort();
    const wanted = models.flatMap((model) => model.fields.filter(isColumn).map((field) => describeField(model, field)));
    expect(found).toEqual(wanted.sort());
    expect(found.length).toBeGreaterThan(100);
  });

  test("agree on the hot tables being partitioned by month", async () => {
    const rows = await ask<{ name: string; key: string }>(
      database.open(),
      "select relname as name, pg_get_partkeydef(oid) as key from pg_class where relkind = 'p' order by 1",
    );
    expect(rows).toEqual([
      { name: "attempts", key: "RANGE (message_id)" },
      { name: "events", key: "RANGE (message_id)" },
      { name: "message_aliases", key: "RANGE (id)" },
      { name: "messages", key: "RANGE (id)" },
    ]);
  });
});

function isColumn(field: ModelField): boolean {
  return field.kind !== "object";
}

function describeField(model: Model, field: ModelField): string {
  const [native, args] = field.nativeType ?? [];
  const type = native === undefined ? PLAIN_TYPES[field.type] : NATIVE_TYPES[native]?.(args ?? []);
  return `${model.dbName}.${field.dbName ?? field.name} ${type}${field.isList ? "[]" : ""}${field.isRequired ? "" : " null"}`;
}

function describeColumn({ table_name, column_name, type, nullable }: Column): string {
  return `${table_name}.${column_name} ${type}${nullable ? " null" : ""}`;
}
