-- The directory: what the gateway must know of clients, keys and providers, and the version that tells it of changes.

create table clients (
  id uuid primary key,
  name text not null unique,
  active boolean not null default true,
  time_zone text not null default 'UTC',
  rate_per_second integer,
  rate_per_minute integer,
  rate_per_hour integer,
  daily_quota integer,
  sender text,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now()
);

create table api_keys (
  id uuid primary key,
  client_id uuid not null references clients (id) on delete restrict on update restrict,
  prefix text not null,
  hash text not null unique,
  kind text not null check (kind in ('live', 'test')),
  scopes text[] not null default '{}',
  expires_at timestamptz(3),
  revoked_at timestamptz(3),
  created_at timestamptz(3) not null default now()
);
create index api_keys_client_id_idx on api_keys (client_id);

create table providers (
  name text primary key,
  enabled boolean not null default true,
  paused boolean not null default false,
  paused_reason text,
  priority integer not null,
  max_in_flight integer not null default 64,
  weight integer not null default 1,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now()
);

create table provider_accounts (
  provider text not null references providers (name) on delete restrict on update restrict,
  kind text not null check (kind in ('live', 'lab')),
  adapter text not null,
  primary key (provider, kind)
);

create table directory_version (
  id smallint primary key default 1 check (id = 1),
  version bigint not null
);
insert into directory_version (id, version) values (1, 1);
