-- pushed_waiting: how much an earlier process has left to do for what was taken over: members that are pending, and syncs
--                 that never came to the end of a run.
-- params : $syncs VARCHAR[] (their names; what is pending of any other sync waits until it is in the config again)
-- reads  : store.pending, store.sync, store.pushed_profile, store.pushed_membership
-- returns: waiting BIGINT
SELECT (SELECT count(*) FROM store.pending JOIN store.sync USING (sync_id) WHERE list_contains($syncs, name)) + (
    SELECT count(*)
    FROM (SELECT unnest($syncs::VARCHAR[]) AS name) AS wanted
    WHERE name NOT IN (SELECT sync.name FROM store.sync WHERE backfilled_at IS NOT NULL)
      AND (EXISTS (FROM store.pushed_profile) OR EXISTS (FROM store.pushed_membership))
) AS waiting
