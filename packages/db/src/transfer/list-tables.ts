import type { TransferConnection } from "./transfer-connection.ts";

/** A table that holds data: an ordinary one, or the parent of partitions. */
export interface StoredTable {
  readonly name: string;
  /** All but generated ones, in the table's order. */
  readonly columns: readonly string[];
  /** All partitions, by name. */
  readonly partitions: readonly { readonly name: string; readonly bounds: string }[];
}

const TABLES = `
select c.relname::text as name, array_agg(a.attname::text order by a.attnum) as columns
from pg_class c
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
where c.relnamespace = current_schema()::regnamespace
  and c.relkind in ('r', 'p') and not c.relispartition and c.relname <> '_prisma_migrations'
group by c.relname
order by c.relname`;

const PARTITIONS = `
select parent.relname::text as table, c.relname::text as name, pg_get_expr(c.relpartbound, c.oid) as bounds
from pg_inherits i
join pg_class c on c.oid = i.inhrelid and c.relispartition
join pg_class parent on parent.oid = i.inhparent and parent.relnamespace = current_schema()::regnamespace
order by c.relname`;

const REFERENCES = `
select distinct child.relname::text as from, parent.relname::text as to
from pg_constraint k
join pg_class child on child.oid = k.conrelid and child.relnamespace = current_schema()::regnamespace
join pg_class parent on parent.oid = k.confrelid
where k.contype = 'f' and k.conparentid = 0`;

/**
 * The tables of the installation as the database knows them, each after those that it refers to. The record of applied
 * migrations is not among them: it tells of the database, not of the installation.
 */
export async function listTables(connection: TransferConnection): Promise<StoredTable[]> {
  const tables = await connection.ask<{ name: string; columns: string[] }>(TABLES);
  const partitions = await connection.ask<{ table: string; name: string; bounds: string }>(PARTITIONS);
  const references = await connection.ask<Reference>(REFERENCES);
  const stored = tables.map(({ name, columns }) => ({
    name,
    columns,
    partitions: partitions.filter(({ table }) => table === name).map(({ name, bounds }) => ({ name, bounds })),
  }));
  return orderByReferences(stored, references);
}

/** A foreign key. */
export interface Reference {
  readonly from: string;
  readonly to: string;
}

/** Puts each table after those that it refers to; a table may refer to itself. */
export function orderByReferences<Table extends { readonly name: string }>(
  tables: readonly Table[],
  references: readonly Reference[],
): Table[] {
  const ordered: Table[] = [];
  let waiting = [...tables];
  while (waiting.length > 0) {
    const names = new Set(waiting.map(({ name }) => name));
    const isFree = ({ name }: Table) =>
      !references.some(({ from, to }) => from === name && to !== name && names.has(to));
    const free = waiting.filter(isFree);
    if (free.length === 0) throw new Error(`foreign keys form a ring: ${[...names].join(", ")}`);
    ordered.push(...free);
    waiting = waiting.filter((table) => !free.includes(table));
  }
  return ordered;
}
