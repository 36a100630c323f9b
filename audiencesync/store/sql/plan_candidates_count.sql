-- plan_candidates_count: how many members differ and how many of them leave, how many are acknowledged in all, how many
--                        stay parked for what is in them, and how many because they have no record.
-- params : $sync_id
-- returns: candidates BIGINT, leavers BIGINT, acknowledged BIGINT, parked BIGINT, unmatched BIGINT
SELECT
    (SELECT count(*) FROM plan_candidate) AS candidates,
    (SELECT count(*) FROM plan_candidate WHERE NOT desired) AS leavers,
    (SELECT count(*) FROM store.acknowledged WHERE sync_id = $sync_id) AS acknowledged,
    count(*) FILTER (error_code <> 'NO_RECORD') AS parked,
    count(*) FILTER (error_code = 'NO_RECORD') AS unmatched
FROM store.parked ANTI JOIN (FROM plan_parked WHERE NOT held) AS free USING (profile_key)
WHERE sync_id = $sync_id
