-- Who was considered for a message and why each was taken or passed over, decision by decision. A constant default
-- rewrites no row of the partitions that exist.
alter table messages add column trace jsonb not null default '[]';
