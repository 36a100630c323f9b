-- plan_candidates_count: how many members differ, how many are acknowledged in all, and how many stay parked.
-- params : $sync_id
-- returns: candidates BIGINT, acknowledged BIGINT, parked BIGINT
SELECT
    (SELECT count(*) FROM plan_candidate) AS candidates,
    (SELECT count(*) FROM store.acknowledged WHERE sync_id = $sync_id) AS acknowledged,
    (SELECT count(*) FROM store.parked ANTI JOIN (FROM plan_parked WHERE NOT held) AS free USING (profile_key)
     WHERE sync_id = $sync_id) AS parked
