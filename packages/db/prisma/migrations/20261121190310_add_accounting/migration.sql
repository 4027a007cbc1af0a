-- Which groups of each publishing process have arrived, and what became of the messages that they announced. Both tables
-- are small and updated with every batch; no index has a column that such an update changes, so that it stays cheap (HOT).

-- All sequences up to `highest` have arrived or are void, but those in `gaps`: [{first, last, since, reported}, …].
create table accepted_marks (
  boot_id text not null,
  lane smallint not null,
  highest bigint not null,
  gaps jsonb not null default '[]',
  seen_at timestamptz(3) not null,
  primary key (boot_id, lane)
) with (fillfactor = 50);
create index accepted_marks_gaps_idx on accepted_marks (boot_id, lane) where gaps <> '[]';

-- By the UTC day of acceptance. `difference`: how many messages were unaccounted for when the day was counted last.
create table accounting_days (
  day date primary key,
  announced bigint not null default 0,
  recorded bigint not null default 0,
  repeated bigint not null default 0,
  aliases bigint not null default 0,
  dead bigint not null default 0,
  difference bigint not null default 0,
  counted_at timestamptz(3)
) with (fillfactor = 50);
