-- Messages, attempts and events, partitioned by month on the message's UUIDv7. The months are made by every worker as
-- time goes on; the default partitions only catch what they miss. No check constraints here: their error is the same
-- as that of a missing partition (23514), and recording must tell a bad row from our own fault.

create table messages (
  id uuid not null,
  client_id uuid not null,
  key_id uuid,
  batch_id uuid not null,
  seed text not null,
  to_number text not null,
  recipient_name text,
  from_number text,
  text text,
  message_type text not null,
  udh text,
  sms_type text not null,
  encoding text not null,
  segments integer not null,
  lane smallint not null,
  priority smallint not null,
  status text not null,
  providers text[] not null default '{}',
  planned_provider text,
  tried text[] not null default '{}',
  round smallint not null default 1,
  attempt_count smallint not null default 0,
  due_at timestamptz(3) not null,
  schedule_at timestamptz(3),
  expire_at timestamptz(3) not null,
  provider text,
  provider_message_id text,
  error_code text,
  error_message text,
  custom_id text,
  metadata jsonb,
  callback_url text,
  request jsonb,
  simulated boolean not null,
  possible_double boolean not null default false,
  cost_amount numeric(18, 6),
  cost_currency text,
  event_count integer not null default 0,
  accepted_at timestamptz(3) not null,
  queued_at timestamptz(3),
  sent_at timestamptz(3),
  delivered_at timestamptz(3),
  final_at timestamptz(3),
  updated_at timestamptz(3) not null,
  primary key (id)
) partition by range (id);
create table messages_default partition of messages default;

-- What is due, per lane and provider in turn over clients.
create index messages_claim_idx on messages (lane, planned_provider, client_id, due_at)
  where status in ('queued', 'scheduled');
-- What has outlived its deadline.
create index messages_deadline_idx on messages (expire_at) where status in ('queued', 'scheduled', 'sending');
-- A client's list, newest first: all of it, by recipient, by its own id, by batch, and the ends that are rare.
create index messages_list_idx on messages (client_id, id desc);
create index messages_recipient_idx on messages (client_id, to_number, id desc);
create index messages_custom_id_idx on messages (client_id, custom_id, id desc) where custom_id is not null;
create index messages_batch_idx on messages (batch_id, id desc);
create index messages_ends_idx on messages (client_id, status, id desc)
  where status in ('undelivered', 'failed', 'expired', 'canceled', 'rejected', 'unknown');

create table attempts (
  message_id uuid not null,
  number smallint not null,
  provider text not null,
  account text not null,
  lease_until timestamptz(3) not null,
  claim_id uuid,
  started_at timestamptz(3) not null,
  finished_at timestamptz(3),
  outcome text,
  report_status text,
  report_at timestamptz(3),
  error_code text,
  error_message text,
  provider_message_id text,
  segments integer,
  price_amount numeric(18, 6),
  price_currency text,
  primary key (message_id, number)
) partition by range (message_id);
create table attempts_default partition of attempts default;

create index attempts_open_idx on attempts (provider) where outcome is null;
create index attempts_lease_idx on attempts (lease_until) where outcome is null;
create index attempts_claim_idx on attempts (claim_id) where outcome is null or outcome = 'unknown';
create index attempts_provider_message_idx on attempts (provider, provider_message_id)
  where provider_message_id is not null;

create table events (
  message_id uuid not null,
  sequence integer not null,
  client_id uuid not null,
  type text not null,
  at timestamptz(3) not null,
  detail jsonb not null default '{}',
  -- Drawn under one advisory lock that is held to commit, so that its order is the order of commits.
  position bigserial not null,
  primary key (message_id, sequence)
) partition by range (message_id);
create table events_default partition of events default;

create table idempotency_keys (
  client_id uuid not null,
  key_hash text not null,
  seed text not null,
  fingerprint text not null,
  expires_at timestamptz(3) not null,
  primary key (client_id, key_hash)
);
create index idempotency_keys_expires_at_idx on idempotency_keys (expires_at);

create table parked_reports (
  id bigserial primary key,
  provider text not null,
  account text not null,
  provider_message_id text not null,
  report jsonb not null,
  received_at timestamptz(3) not null,
  parked_at timestamptz(3) not null default now(),
  taken_until timestamptz(3)
);
create index parked_reports_match_idx on parked_reports (provider, provider_message_id);
create index parked_reports_parked_at_idx on parked_reports (parked_at);
