-- Its predicate is on `gaps`, and an update that turns a predicate is never HOT, whatever the index's columns are. The table
-- is small (a row per lane and life of a gateway of the last 90 days): it is read as a whole every 15 s.
drop index accepted_marks_gaps_idx;
