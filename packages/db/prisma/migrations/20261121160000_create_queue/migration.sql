-- The message queue of the standalone shape: one row per published group, gone once it has been taken.

create table queue_groups (
  queue text not null,
  id bigint generated always as identity,
  -- Chosen by the publisher: a group that is published once more because its commit was not answered is stored once.
  publish_id uuid not null unique,
  envelopes integer not null check (envelopes > 0),
  body bytea not null,
  published_at timestamptz(3) not null default now(),
  -- Also the index that groups are claimed by, in their order.
  primary key (queue, id)
);

-- Rows are never updated, so pages are filled (fillfactor stays 100). But every row dies within milliseconds, and a claim
-- reads past the dead ones at the front of the index until they are removed. So autovacuum comes after a fixed number of
-- rows, not after a share of a table that is mostly empty or mostly backlog, and works without its usual pauses: there
-- is little to read, and it is read from memory. The same for the bodies, which are kept apart when they are large.
alter table queue_groups set (
  autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_threshold = 2000,
  autovacuum_vacuum_cost_delay = 0,
  toast.autovacuum_vacuum_scale_factor = 0,
  toast.autovacuum_vacuum_threshold = 10000,
  toast.autovacuum_vacuum_cost_delay = 0
);

-- What could not be read, put aside for somebody to look at.
create table queue_dead_letters (
  id bigint generated always as identity primary key,
  queue text not null,
  problem text not null,
  -- Position in its group; null when the whole group is bad.
  part_index integer,
  body bytea not null,
  publish_id uuid not null,
  published_at timestamptz(3) not null,
  buried_at timestamptz(3) not null default now()
);
