-- What could not be read, kept until an operator requeues or discards it, whichever queue it was buried in.

create table dead_letters (
  -- The queue's name for it: a letter that is handed over again is kept once.
  id text primary key,
  -- The order in which they were kept; pages of the list go by it.
  position bigint generated always as identity,
  queue text not null,
  problem text not null,
  -- Position in its group; null when the whole group is bad.
  part_index integer,
  body bytea not null,
  buried_at timestamptz(3) not null,
  kept_at timestamptz(3) not null default now(),
  -- Somebody is requeueing it until then.
  taken_until timestamptz(3),
  -- What an operator wants done with it and no worker has done yet; `order_id` stays when it could not be done.
  ordered text check (ordered in ('requeue', 'discard')),
  order_id uuid
);

create unique index dead_letters_position_idx on dead_letters (position);
create index dead_letters_queue_idx on dead_letters (queue, position);
create index dead_letters_ordered_idx on dead_letters (ordered, position) where ordered is not null;
create index dead_letters_order_idx on dead_letters (order_id) where order_id is not null;
