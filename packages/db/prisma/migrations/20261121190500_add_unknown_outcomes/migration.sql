-- When an attempt is looked at next: one of unknown outcome, or one that its provider took and of which no final report
-- has come. Null: never (again).
alter table attempts add column check_at timestamptz(3);

-- What was under way when this version came. Spread over an hour, so that not all of it is asked for at once; a message
-- that has waited for its report for too long is closed at its first turn.
update attempts a set check_at = now() + random() * interval '1 hour'
from messages m
where m.id = a.message_id
  and (
    (m.status = 'sent' and m.final_at is null and (a.outcome = 'accepted' or a.report_status is not null)
      and coalesce(a.report_status in ('accepted', 'scheduled', 'queued', 'sending', 'sent'), true))
    or (m.status in ('queued', 'sending') and a.outcome = 'unknown')
  );

-- After the update, so that it costs one pass. An attempt enters one of them when it is settled, at its right end, and
-- leaves with its final report; intermediate reports touch neither. Two, so that a provider that sends no reports at all
-- cannot stand in the way of messages that wait for an answer.
create index attempts_unknown_idx on attempts (provider, check_at) where check_at is not null and outcome = 'unknown';
create index attempts_chase_idx on attempts (provider, check_at) where check_at is not null and outcome <> 'unknown';

-- What a client wants done about messages of unknown outcome, by class, where it differs from what holds for everybody.
alter table clients add column unknown_outcomes jsonb not null default '{}';
