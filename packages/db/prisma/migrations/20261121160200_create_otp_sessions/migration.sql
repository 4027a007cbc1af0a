-- `OtpSessions` (api.md section 4): one-time passwords that wait to be typed in. States as in the port.
--
-- Locks, in this order and no other, so that nothing deadlocks: the number's advisory lock, a row. Every function that
-- changes something begins with the first, so all steps for one number of one client are one at a time, and each sees
-- what was committed before it. The sweep takes rows alone, of sessions that the functions no longer see, and skips what
-- is locked.
--
-- Commits here wait for the disk: a "used" that a crash takes back would let a code be used twice.

-- `sent_order`: counts the codes sent to a number; the highest that is still there is the number's newest session, whose
-- cooldown is the number's. `undo`: what a discard by the present token restores: null for nothing, `session` to remove
-- it, `code` for the code before, which the `prior_` columns keep. `gone_at`: from then on it is not there, swept or not.
create table otp_sessions (
  client_id text not null,
  session_id text not null,
  phone_number text not null,
  token text not null,
  code_hash text not null check (code_hash ~ '^[0-9a-f]{64}$'),
  life_ms integer not null,
  cooldown_ms integer not null,
  attempts_max integer not null,
  memo text not null,
  sent_order integer not null,
  attempts integer not null default 0,
  resends integer not null default 0,
  created_at timestamptz(3) not null,
  expires_at timestamptz(3) not null,
  resend_available_at timestamptz(3) not null,
  verified_at timestamptz(3),
  gone_at timestamptz(3) not null,
  undo text check (undo in ('session', 'code')),
  prior_code_hash text,
  prior_expires_at timestamptz(3),
  prior_resend_available_at timestamptz(3),
  prior_sent_order integer,
  primary key (client_id, session_id)
);
create index otp_sessions_number_idx on otp_sessions (client_id, phone_number, sent_order);
create index otp_sessions_gone_at_idx on otp_sessions (gone_at);

-- Tokens whose `create` or `resend` may arrive after its own discard.
create table otp_discarded_tokens (
  client_id text not null,
  token text not null,
  dead_until timestamptz(3) not null,
  primary key (client_id, token)
);
create index otp_discarded_tokens_dead_until_idx on otp_discarded_tokens (dead_until);

-- Plans are made while the tables are small and kept while they grow, hence `enable_seqscan = off` in these functions.

-- The beginning of every step that changes something: answers the time of the step, which is after all steps before it.
-- The first number names this use of advisory locks; numbers with the same hash merely wait for each other. (A function's
-- own `set` clause ends before the commit, `set_config` does not.)
create function lock_otp_number(of_client text, of_number text) returns timestamptz language plpgsql as $$
begin
  if current_setting('synchronous_commit') = 'off' then
    perform set_config('synchronous_commit', 'on', true);
  end if;
  perform pg_advisory_xact_lock(72707372, hashtext(of_client || ' ' || of_number));
  -- As exact as the columns: what is compared must not have been rounded up meanwhile.
  return date_trunc('milliseconds', clock_timestamp());
end
$$;

-- Whose code was sent to the number last; null when there is none.
create function newest_otp_session(of_client text, of_number text, now_at timestamptz) returns otp_sessions
language plpgsql stable set enable_seqscan = off as $$
declare
  newest otp_sessions;
begin
  select * into newest from otp_sessions s
  where s.client_id = of_client and s.phone_number = of_number and s.gone_at > now_at
  order by s.sent_order desc limit 1;
  return newest;
end
$$;

-- Null when there is none of that id, or it is another number's.
create function find_otp_session(of_client text, of_number text, of_session text, now_at timestamptz)
returns otp_sessions language plpgsql stable set enable_seqscan = off as $$
declare
  found_session otp_sessions;
begin
  select * into found_session from otp_sessions s
  where s.client_id = of_client and s.session_id = of_session and s.phone_number = of_number and s.gone_at > now_at;
  return found_session;
end
$$;

create function is_otp_token_dead(of_client text, given_token text, now_at timestamptz) returns boolean
language plpgsql stable set enable_seqscan = off as $$
begin
  return exists (
    select from otp_discarded_tokens d
    where d.client_id = of_client and d.token = given_token and d.dead_until > now_at
  );
end
$$;

create function otp_session_status(s otp_sessions, now_at timestamptz) returns text language sql immutable as $$
  select case
    when s.verified_at is not null then 'verified'
    when s.attempts >= s.attempts_max then 'exhausted'
    when s.expires_at <= now_at then 'expired'
    else 'pending'
  end
$$;

-- A session as it may be shown: without its hash.
create function describe_otp_session(s otp_sessions, now_at timestamptz) returns jsonb language sql stable as $$
  select jsonb_build_object(
    'sessionId', s.session_id, 'phoneNumber', s.phone_number, 'status', otp_session_status(s, now_at),
    'attempts', s.attempts, 'attemptsMax', s.attempts_max, 'resends', s.resends,
    'createdAtMs', (extract(epoch from s.created_at) * 1000)::bigint,
    'expiresAtMs', (extract(epoch from s.expires_at) * 1000)::bigint,
    'resendAvailableAtMs', (extract(epoch from s.resend_available_at) * 1000)::bigint,
    'memo', s.memo
  )
$$;

-- Null when a code may be sent.
create function describe_otp_cooldown(newest otp_sessions, now_at timestamptz) returns jsonb
language sql stable as $$
  select jsonb_build_object(
    'outcome', 'cooldown',
    'retryAfterS', greatest(1, ceil(extract(epoch from newest.resend_available_at - now_at)))::integer
  )
  where newest.resend_available_at > now_at
$$;

-- Makes a session, unless its number is in the cooldown; an id that exists is answered as it is.
create function create_otp_session(
  of_client text, of_number text, of_session text, given_token text, given_hash text,
  life_ms integer, attempts_max integer, cooldown_ms integer, memo text, keep_ms double precision
) returns jsonb language plpgsql set enable_seqscan = off as $$
declare
  now_at constant timestamptz := lock_otp_number(of_client, of_number);
  stored otp_sessions := find_otp_session(of_client, of_number, of_session, now_at);
  newest constant otp_sessions := newest_otp_session(of_client, of_number, now_at);
  taken_over constant boolean := stored.token <> given_token;
  refusal jsonb;
begin
  if is_otp_token_dead(of_client, given_token, now_at) then
    return '{"outcome": "discarded"}';
  end if;
  if stored.session_id is not null then
    if taken_over then
      update otp_sessions s set token = given_token, undo = null
      where s.client_id = of_client and s.session_id = of_session
      returning * into stored;
    end if;
    return jsonb_build_object(
      'outcome', 'created', 'session', describe_otp_session(stored, now_at), 'takenOver', taken_over
    );
  end if;
  refusal := describe_otp_cooldown(newest, now_at);
  if refusal is not null then
    return refusal;
  end if;
  delete from otp_sessions s where s.client_id = of_client and s.session_id = of_session and s.gone_at <= now_at;
  insert into otp_sessions (
    client_id, session_id, phone_number, token, code_hash, life_ms, cooldown_ms, attempts_max, memo, sent_order,
    created_at, expires_at, resend_available_at, gone_at, undo
  ) values (
    of_client, of_session, of_number, given_token, given_hash, life_ms, cooldown_ms, attempts_max, memo,
    coalesce(newest.sent_order, 0) + 1, now_at, now_at + life_ms * interval '1 millisecond',
    now_at + cooldown_ms * interval '1 millisecond', now_at + (life_ms + keep_ms) * interval '1 millisecond', 'session'
  ) returning * into stored;
  return jsonb_build_object('outcome', 'created', 'session', describe_otp_session(stored, now_at), 'takenOver', false);
end
$$;

-- Compares the hash of a code with that of a session (null: of the newest): ends it, or costs it one attempt.
create function check_otp_code(of_client text, of_number text, of_session text, given_hash text) returns jsonb
language plpgsql set enable_seqscan = off as $$
declare
  now_at constant timestamptz := lock_otp_number(of_client, of_number);
  checked constant otp_sessions := case
    when of_session is null then newest_otp_session(of_client, of_number, now_at)
    else find_otp_session(of_client, of_number, of_session, now_at)
  end;
  refusal constant text := case
    when checked.session_id is null then 'not_found'
    else case otp_session_status(checked, now_at)
      when 'verified' then 'already_used'
      when 'exhausted' then 'too_many_attempts'
      when 'expired' then 'expired'
    end
  end;
begin
  if refusal is not null then
    return jsonb_build_object('outcome', refusal);
  end if;
  -- Plain equality of two HMACs; why that tells nothing through its time: contracts, OtpSessions.
  if checked.code_hash = given_hash then
    -- Its code has arrived, so it was published: nothing of it may be taken back.
    update otp_sessions s set verified_at = now_at, undo = null
    where s.client_id = of_client and s.session_id = checked.session_id;
    return '{"outcome": "verified"}';
  end if;
  update otp_sessions s set attempts = s.attempts + 1
  where s.client_id = of_client and s.session_id = checked.session_id;
  return jsonb_build_object(
    'outcome', 'incorrect', 'attemptsRemaining', checked.attempts_max - checked.attempts - 1
  );
end
$$;

-- Replaces the code of a pending session, unless its number is in the cooldown.
create function resend_otp_code(
  of_client text, of_number text, of_session text, given_token text, given_hash text, keep_ms double precision
) returns jsonb language plpgsql set enable_seqscan = off as $$
declare
  now_at constant timestamptz := lock_otp_number(of_client, of_number);
  stored otp_sessions := find_otp_session(of_client, of_number, of_session, now_at);
  newest constant otp_sessions := newest_otp_session(of_client, of_number, now_at);
  status constant text := otp_session_status(stored, now_at);
  refusal jsonb;
begin
  if is_otp_token_dead(of_client, given_token, now_at) then
    return '{"outcome": "discarded"}';
  end if;
  if stored.session_id is null then
    return '{"outcome": "not_found"}';
  end if;
  if stored.token <> given_token then
    if status <> 'pending' then
      return jsonb_build_object('outcome', case status when 'verified' then 'used' else status end);
    end if;
    refusal := describe_otp_cooldown(newest, now_at);
    if refusal is not null then
      return refusal;
    end if;
    update otp_sessions s set
      token = given_token,
      code_hash = given_hash,
      resends = s.resends + 1,
      sent_order = newest.sent_order + 1,
      expires_at = now_at + s.life_ms * interval '1 millisecond',
      resend_available_at = now_at + s.cooldown_ms * interval '1 millisecond',
      gone_at = now_at + (s.life_ms + keep_ms) * interval '1 millisecond',
      undo = 'code',
      prior_code_hash = s.code_hash,
      prior_expires_at = s.expires_at,
      prior_resend_available_at = s.resend_available_at,
      prior_sent_order = s.sent_order
    where s.client_id = of_client and s.session_id = of_session
    returning * into stored;
  end if;
  return jsonb_build_object('outcome', 'renewed', 'session', describe_otp_session(stored, now_at));
end
$$;

-- Takes back a create or a resend, if the token still holds the session; the token is dead in any case.
create function discard_otp_code(
  of_client text, of_number text, of_session text, given_token text,
  dead_for_ms double precision, keep_ms double precision
) returns void language plpgsql set enable_seqscan = off as $$
declare
  now_at constant timestamptz := lock_otp_number(of_client, of_number);
  stored constant otp_sessions := find_otp_session(of_client, of_number, of_session, now_at);
begin
  insert into otp_discarded_tokens (client_id, token, dead_until)
  values (of_client, given_token, now_at + dead_for_ms * interval '1 millisecond')
  on conflict (client_id, token) do update set dead_until = excluded.dead_until;
  if stored.token is distinct from given_token then
    return;
  end if;
  if stored.undo = 'session' then
    delete from otp_sessions s where s.client_id = of_client and s.session_id = of_session;
  elsif stored.undo = 'code' then
    update otp_sessions s set
      token = '',
      code_hash = s.prior_code_hash,
      resends = s.resends - 1,
      sent_order = s.prior_sent_order,
      expires_at = s.prior_expires_at,
      resend_available_at = s.prior_resend_available_at,
      gone_at = s.prior_expires_at + keep_ms * interval '1 millisecond',
      undo = null
    where s.client_id = of_client and s.session_id = of_session;
  end if;
end
$$;
