-- Of the attempts of unknown outcome, those of codes and alerts are looked at before all others: a backlog of promotional
-- ones must not stand before them. Rows of older versions are looked at in their turn.
alter table attempts add column check_first boolean not null default false;

-- What a rejection was about: a message that was refused for its number is not tried again, whoever else is asked.
alter table attempts add column refusal_scope text;

-- Small, like the index of all unknown outcomes: an attempt leaves it when it is settled.
create index attempts_unknown_first_idx on attempts (provider, check_at)
  where check_at is not null and outcome = 'unknown' and check_first;

-- For attempts that a worker of an older version has left without a time for their first look.
create index attempts_unlooked_idx on attempts (finished_at) where check_at is null and outcome = 'unknown';
