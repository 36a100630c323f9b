-- results_count: how many rows of a batch are left without an answer, and how many answers are refusals.
-- params : $batch_id
-- reads  : stage_result, store.outbox
-- returns: left BIGINT, refused BIGINT
SELECT (SELECT count(*) FROM store.outbox WHERE batch_id = $batch_id) - count(DISTINCT seq) AS "left",
    count(*) FILTER (NOT accepted) AS refused
FROM stage_result
