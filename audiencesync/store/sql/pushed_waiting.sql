-- pushed_waiting: how many changes and members an earlier process has left to do.
-- returns: waiting BIGINT
SELECT (SELECT count(*) FROM store.inbox) + (SELECT count(*) FROM store.pending) AS waiting
