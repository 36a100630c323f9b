-- plan_candidates_count: how many members differ, and how many are acknowledged in all.
-- params : $sync_id
-- returns: candidates BIGINT, acknowledged BIGINT
SELECT
    (SELECT count(*) FROM plan_candidate) AS candidates,
    (SELECT count(*) FROM store.acknowledged WHERE sync_id = $sync_id) AS acknowledged
