-- What bounds a provider beside its open attempts: its rate, what it asked us to wait, and its circuit, which all workers
-- share. Times are the database's.

alter table providers
  -- In segments; null is unlimited.
  add column messages_per_second integer check (messages_per_second > 0),
  -- The bucket as of tokens_at; null is a full one. Below 0: a long message's debt.
  add column tokens float8,
  add column tokens_at timestamptz(6),
  add column held_until timestamptz(3),
  add column circuit_state text not null default 'closed' check (circuit_state in ('closed', 'open', 'half_open')),
  -- While it returns: 0 single probes, then growing shares.
  add column circuit_step smallint not null default 0,
  -- Openings since it was last closed.
  add column circuit_openings integer not null default 0,
  -- Raised by every change: calls are counted for the one under which they were claimed.
  add column circuit_epoch integer not null default 0,
  add column circuit_since timestamptz(3) not null default now(),
  add column circuit_reason text,
  -- When an open one lets the first probe through.
  add column circuit_until timestamptz(3);

-- What each worker has seen of each provider: in the last seconds while the circuit is closed, since its last change else.
create table provider_calls (
  worker uuid not null,
  provider text not null,
  epoch integer not null,
  calls integer not null,
  failures integer not null,
  at timestamptz(3) not null,
  primary key (provider, worker)
);
create index provider_calls_at_idx on provider_calls (at);

create table provider_changes (
  id bigserial primary key,
  provider text not null,
  at timestamptz(3) not null default now(),
  from_state text not null,
  to_state text not null,
  reason text not null,
  detail jsonb not null default '{}'
);
create index provider_changes_provider_idx on provider_changes (provider, id desc);
create index provider_changes_at_idx on provider_changes (at);
