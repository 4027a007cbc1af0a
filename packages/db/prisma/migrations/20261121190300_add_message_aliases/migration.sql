-- Ids that were accepted and are no messages: the request came twice under one Idempotency-Key, and the first request's
-- message answers for both. Partitioned as messages are, and by the same months, so that both go together.
create table message_aliases (
  id uuid not null,
  message_id uuid not null,
  client_id uuid not null,
  seed text not null,
  recorded_at timestamptz(3) not null,
  primary key (id)
) partition by range (id);
create table message_aliases_default partition of message_aliases default;

-- Whether two requests with one key overlap is told from both lives, not from when they happen to be recorded.
-- `accepted_at` is null for keys of older versions. A constant default rewrites no row.
alter table idempotency_keys add column accepted_at timestamptz(3);
alter table idempotency_keys add column recorded_at timestamptz(3) not null default now();
