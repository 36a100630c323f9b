-- pushed_waiting: how much an earlier process has left to do for what was taken over: members that are pending, and syncs
--                 that never came to the end of a run.
-- params : $syncs VARCHAR[] (their names)
-- returns: waiting BIGINT
SELECT (SELECT count(*) FROM store.pending) + (
    SELECT count(*)
    FROM (SELECT unnest($syncs::VARCHAR[]) AS name) AS wanted
    WHERE name NOT IN (SELECT sync.name FROM store.sync WHERE backfilled_at IS NOT NULL)
      AND (EXISTS (FROM store.pushed_profile) OR EXISTS (FROM store.pushed_membership))
) AS waiting
