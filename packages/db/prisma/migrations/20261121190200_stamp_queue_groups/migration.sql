-- The stamp by which a reader proves that no group is missing (`GroupStamp`). Null: reports, dead letters published once
-- more, and groups of a version that did not stamp; such a version goes on publishing while this column is there.
alter table queue_groups add column stamp jsonb;
