-- `Admission` (architecture.md 5.1): what a request with an Idempotency-Key was answered, rates and daily quotas.
--
-- Locks, in this order and no other, so that nothing deadlocks: the client's advisory lock, a row of
-- admission_reservations, a row of the other tables. `admit_request` and `release_reservation` begin with the first, so
-- they are one at a time per client: each sees all that was committed before it, and nobody else inserts. The others
-- take a single row of reservations, or skip what is locked (the sweep).
--
-- Commits here do not wait for the disk (each function sets `synchronous_commit` off for its transaction). A crash of
-- the server then takes back the last moments, at most three times wal_writer_delay (0.6 s): always the end of what
-- happened, never something out of the middle. And a commit that does wait, as that of a publish, first carries
-- everything before it to the disk. So only steps are lost that no publish came after:
--
-- - admit: key, rate and quota are as if the request had never come, and nobody was told 202 for it. If its gateway
--   lives through the crash and still publishes, that is not charged, and another request with the key is caught where
--   it is recorded (5.3).
-- - settle: pending again, and taken over later with the same ids, by which recording knows a second publish.
-- - abandon: pending again: the next request with the key waits for the age of a take-over.
-- - release: pending again: a retry takes over and is charged once; without one, the day stays charged for a message
--   that was not sent. Its fence is gone too, together with every connection over which its `admit` could still arrive.
--
-- None of the tables may be unlogged: a crash empties those, and with them a day of answers.

-- One row per request; states as in the port `Admission`. `name`: key:<hash of the key>, or seed:<seed> without a key.
-- `since`: when it became pending. `unsure`: it was taken over, so an earlier holder's publish may have happened, and
-- it must never be freed. `drop_after` is for the sweep alone: not before `expires_at`, indexed, and left alone by
-- settling, so that this update of every request touches no index (HOT). For that each page keeps room: a pending row
-- is settled within milliseconds, and the version it leaves behind makes room for the next one.
create table admission_reservations (
  client_id text not null,
  name text not null,
  state text not null check (state in ('pending', 'settled', 'abandoned')),
  token text not null,
  since timestamptz(6) not null,
  unsure boolean not null default false,
  keep_ms bigint not null,
  fingerprint text not null,
  seed text not null,
  count integer not null,
  accepted_at timestamptz(3) not null,
  day text not null,
  amount integer not null,
  simulated boolean not null,
  memo text not null,
  expires_at timestamptz(6) not null,
  drop_after timestamptz(6) not null,
  primary key (client_id, name)
) with (fillfactor = 70);
create index admission_reservations_drop_after_idx on admission_reservations (drop_after);

-- One row per client that ever had a rate; never swept, since clients are few. Debts in microseconds as of
-- `charged_at`. Updated by every request, as quotas are: half of each page is for versions that an open statement may
-- still see.
create table admission_rates (
  client_id text primary key,
  charged_at timestamptz(6) not null,
  second_debt_us numeric(18, 6) not null,
  minute_debt_us numeric(18, 6) not null,
  hour_debt_us numeric(18, 6) not null
) with (fillfactor = 50);

create table admission_quotas (
  client_id text not null,
  day text not null,
  used bigint not null,
  expires_at timestamptz(6) not null,
  primary key (client_id, day)
) with (fillfactor = 50);
create index admission_quotas_expires_at_idx on admission_quotas (expires_at);

-- Tokens that were released before their `admit` arrived.
create table admission_fences (
  client_id text not null,
  token text not null,
  expires_at timestamptz(6) not null,
  primary key (client_id, token)
);
create index admission_fences_expires_at_idx on admission_fences (expires_at);

-- What has to be one at a time per client begins with this. The first number names this use of advisory locks; clients
-- with the same hash merely wait for each other. (A function's own `set` clause ends before the commit, this does not.)
create function lock_admission(client_id text) returns void language plpgsql as $$
begin
  perform set_config('synchronous_commit', 'off', true), pg_advisory_xact_lock(72707371, hashtext(client_id));
end
$$;

-- The debts of a client at that time: per second, minute and hour, in microseconds.
create function age_debts(client_id text, at timestamptz) returns double precision[]
language plpgsql as $$
declare
  stored admission_rates;
  passed_us numeric;
begin
  select * into stored from admission_rates r where r.client_id = age_debts.client_id;
  if not found then return '{0, 0, 0}'; end if;
  if stored.charged_at > at then
    -- The clock was set back: the debts count from now on. Written before anything is decided, for a refusal writes
    -- nothing: they would stand still, and every request be refused, until the clock is there again.
    update admission_rates r set charged_at = at where r.client_id = stored.client_id;
  end if;
  passed_us := greatest(0, extract(epoch from at - stored.charged_at) * 1e6);
  return array[
    greatest(0, stored.second_debt_us - passed_us), greatest(0, stored.minute_debt_us - passed_us),
    greatest(0, stored.hour_debt_us - passed_us)
  ];
end
$$;

create function write_debts(client_id text, at timestamptz, debts_us double precision[]) returns void
language plpgsql as $$
begin
  update admission_rates r
  set charged_at = at, second_debt_us = debts_us[1], minute_debt_us = debts_us[2], hour_debt_us = debts_us[3]
  where r.client_id = write_debts.client_id;
  if found then return; end if;
  insert into admission_rates (client_id, charged_at, second_debt_us, minute_debt_us, hour_debt_us)
  values (client_id, at, debts_us[1], debts_us[2], debts_us[3]);
end
$$;

-- Sets what a client's day is charged. A day that had run out begins anew.
create function write_quota(client_id text, day text, used bigint, expires_at timestamptz) returns void
language plpgsql as $$
begin
  update admission_quotas q
  set used = write_quota.used,
    expires_at = case when q.expires_at > clock_timestamp() then q.expires_at else write_quota.expires_at end
  where q.client_id = write_quota.client_id and q.day = write_quota.day;
  if found then return; end if;
  insert into admission_quotas (client_id, day, used, expires_at) values (client_id, day, used, expires_at);
end
$$;

-- What answers tell of each limit that is set.
create function describe_limits(
  debts_us double precision[], rates double precision[], used bigint, quota bigint, day_left interval
) returns json language plpgsql as $$
declare
  names constant text[] := '{per_second, per_minute, per_hour}';
  periods_us constant double precision[] := '{1e6, 6e7, 3.6e9}';
  rounding constant double precision := 1e-9;
  remaining double precision;
  states json[] := '{}';
begin
  for i in 1..3 loop
    continue when rates[i] <= 0;
    remaining := floor((periods_us[i] - debts_us[i]) * rates[i] / periods_us[i] * (1 + rounding) + rounding);
    states := states || json_build_object(
      'name', names[i], 'limit', rates[i], 'remaining', greatest(0, remaining)::bigint,
      'resetS', ceil(debts_us[i] / 1e6)::bigint
    );
  end loop;
  if quota > 0 then
    states := states || json_build_object(
      'name', 'daily_quota', 'limit', quota, 'remaining', greatest(0, quota - used),
      'resetS', case when used > 0 then greatest(1, ceil(extract(epoch from day_left)))::bigint else 0 end
    );
  end if;
  return array_to_json(states);
end
$$;

-- The whole admission of one request, in one atomic step. Rates are GCRA: each has a debt that a request raises by
-- period / rate, that time pays off, and that may reach one period; so `rate` requests pass at once and then one per
-- period / rate. `rates`: per second, minute and hour; 0 or less: unlimited.
--
-- Plans are made while the tables are small and kept while they grow, hence no sequential scans (here and below); and
-- who waits longer for a lock than a gateway waits for its answer need not wait at all.
create function admit_request(
  client_id text, name text, token text, seed text, fingerprint text, count integer, accepted_at timestamptz,
  simulated boolean, memo text, keep_ms bigint, rates double precision[], quota bigint, day text,
  day_ends_at timestamptz, refused boolean, take_over_after_ms bigint,
  out outcome text, out reservation json, out taken_over boolean,
  out limit_name text, out retry_after_s integer, out limits json
) language plpgsql set enable_seqscan = off set lock_timeout = '2 s' as $$
declare
  names constant text[] := '{per_second, per_minute, per_hour}';
  periods_us constant double precision[] := '{1e6, 6e7, 3.6e9}';
  -- Relative; far above the rounding of a full hour's sum, far below one request.
  rounding constant double precision := 1e-9;
  millisecond constant interval := '1 ms';
  -- Quotas outlive their day, so that a late release finds the one it was charged to.
  quota_keep constant interval := '48 h';
  -- Settling prolongs a reservation by the time since its admission, and gateways try it for half of this.
  settle_margin constant interval := '1 min';
  now_at timestamptz;
  ends_at timestamptz;
  kept admission_reservations;
  debts_us double precision[] := '{0, 0, 0}';
  used bigint;
  over_us double precision;
  wait_us double precision := 0;
begin
  perform lock_admission(client_id);
  -- The only clock for ages and rates: gateways' clocks differ. Read behind the lock, so that it runs in one direction.
  now_at := clock_timestamp();
  ends_at := now_at + keep_ms * millisecond;

  -- Released before it arrived here: whoever sent it has given up. Reserving now would charge for nothing.
  perform from admission_fences f
  where f.client_id = admit_request.client_id and f.token = admit_request.token and f.expires_at > now_at;
  if found then
    outcome := 'in_progress';
    return;
  end if;

  select * into kept from admission_reservations r
  where r.client_id = admit_request.client_id and r.name = admit_request.name for update;
  if kept.expires_at <= now_at then
    delete from admission_reservations r where r.client_id = kept.client_id and r.name = kept.name;
    kept := null;
  end if;
  if 0 < any (rates) then debts_us := age_debts(client_id, now_at); end if;
  select q.used into used from admission_quotas q
  where q.client_id = admit_request.client_id and q.day = admit_request.day and q.expires_at > now_at;
  used := coalesce(used, 0);

  if kept.state is not null then
    -- 1. A stored answer: costs neither rate nor quota.
    outcome := case
      when kept.fingerprint <> fingerprint then 'key_reused'
      when kept.state = 'settled' then 'replay'
      when kept.state = 'pending' and kept.token = token then 'admitted'
      when kept.state = 'pending' and now_at < kept.since + take_over_after_ms * millisecond then 'in_progress'
      else 'taken over'
    end;
    if outcome = 'taken over' then
      -- A new holder; ids, time, charged day and amount stay as they are.
      update admission_reservations r
      set state = 'pending', token = admit_request.token, since = now_at, unsure = true,
        keep_ms = admit_request.keep_ms, expires_at = ends_at, drop_after = ends_at + settle_margin
      where r.client_id = kept.client_id and r.name = kept.name
      returning * into kept;
      outcome := 'admitted';
    end if;
  elsif refused then
    -- 2. A refusal that was computed beforehand.
    outcome := 'refused';
  else
    -- 3. Rates: all or none. The longest wait is named, because only after that one a retry can pass.
    for i in 1..3 loop
      continue when rates[i] <= 0;
      over_us := debts_us[i] + periods_us[i] / rates[i] - periods_us[i];
      if over_us > periods_us[i] * rounding and over_us > wait_us then
        limit_name := names[i];
        wait_us := over_us;
        retry_after_s := greatest(1, ceil(over_us / 1e6));
      end if;
    end loop;
    -- 4. Quota: whole or not at all.
    if limit_name is null and quota > 0 and used + count > quota then
      limit_name := 'daily_quota';
      retry_after_s := greatest(1, ceil(extract(epoch from day_ends_at - now_at)));
    end if;
    outcome := case when limit_name is null then 'admitted' else 'limited' end;
  end if;

  if outcome = 'admitted' and kept.state is null then
    -- 5. Charge and reserve. The quota counts for unlimited clients too: a limit set at noon knows the morning.
    if 0 < any (rates) then
      for i in 1..3 loop
        continue when rates[i] <= 0;
        debts_us[i] := debts_us[i] + periods_us[i] / rates[i];
      end loop;
      perform write_debts(client_id, now_at, debts_us);
    end if;
    used := used + count;
    perform write_quota(client_id, day, used, day_ends_at + quota_keep);
    -- Kept for as long as the answer would be: if its gateway dies now, ids that may be in the queue are not freed.
    insert into admission_reservations as r (
      client_id, name, state, token, since, keep_ms, fingerprint, seed, count, accepted_at, day, amount, simulated,
      memo, expires_at, drop_after
    ) values (
      client_id, name, 'pending', token, now_at, keep_ms, fingerprint, seed, count, accepted_at, day, count, simulated,
      memo, ends_at, ends_at + settle_margin
    ) returning r.* into kept;
  end if;

  if outcome in ('admitted', 'replay') then
    reservation := json_build_object(
      'seed', kept.seed, 'token', kept.token, 'fingerprint', kept.fingerprint, 'count', kept.count,
      'acceptedAtMs', (extract(epoch from kept.accepted_at) * 1000)::bigint, 'chargedDay', kept.day,
      'chargedAmount', kept.amount, 'simulated', kept.simulated, 'memo', kept.memo
    );
    taken_over := kept.unsure;
  end if;
  if outcome in ('admitted', 'limited') then
    limits := describe_limits(debts_us, rates, used, quota, day_ends_at - now_at);
  end if;
end
$$;

-- Takes back a pending reservation, if the token still holds it: credits the day that was charged and frees the key.
-- One that was taken over is abandoned instead, because an earlier holder's publish may have happened. Where the token
-- holds nothing it is fenced: after a lost answer the release may overtake its own `admit`, which must then reserve
-- nothing.
create function release_reservation(client_id text, name text, token text) returns void language plpgsql
set enable_seqscan = off set lock_timeout = '2 s' as $$
declare
  -- Far above the time that a broken connection's last bytes may still be under way.
  fence_keep constant interval := '10 min';
  now_at timestamptz;
  kept admission_reservations;
begin
  perform lock_admission(client_id);
  now_at := clock_timestamp();
  select * into kept from admission_reservations r
  where r.client_id = release_reservation.client_id and r.name = release_reservation.name
    and r.token = release_reservation.token and r.expires_at > now_at
  for update;
  if kept.state is null then
    insert into admission_fences as f (client_id, token, expires_at) values (client_id, token, now_at + fence_keep)
    on conflict on constraint admission_fences_pkey do update set expires_at = excluded.expires_at;
  elsif kept.state = 'pending' and kept.unsure then
    update admission_reservations r set state = 'abandoned' where r.client_id = kept.client_id and r.name = kept.name;
  elsif kept.state = 'pending' then
    update admission_quotas q set used = greatest(0, q.used - kept.amount)
    where q.client_id = kept.client_id and q.day = kept.day;
    delete from admission_reservations r where r.client_id = kept.client_id and r.name = kept.name;
  end if;
end
$$;

-- Fixes the answer of a reservation, if the token still holds it. Also after an abandon: the confirm came late.
create function settle_reservation(client_id text, name text, token text) returns void language plpgsql
set enable_seqscan = off set lock_timeout = '2 s' as $$
begin
  perform set_config('synchronous_commit', 'off', true);
  update admission_reservations r
  set state = 'settled', expires_at = clock_timestamp() + r.keep_ms * interval '1 ms'
  where r.client_id = settle_reservation.client_id and r.name = settle_reservation.name
    and r.token = settle_reservation.token and r.state <> 'settled' and r.expires_at > clock_timestamp();
end
$$;

-- Marks a pending reservation as open for the next request, if the token still holds it.
create function abandon_reservation(client_id text, name text, token text) returns void language plpgsql
set enable_seqscan = off set lock_timeout = '2 s' as $$
begin
  perform set_config('synchronous_commit', 'off', true);
  update admission_reservations r
  set state = 'abandoned'
  where r.client_id = abandon_reservation.client_id and r.name = abandon_reservation.name
    and r.token = abandon_reservation.token and r.state = 'pending' and r.expires_at > clock_timestamp();
end
$$;
