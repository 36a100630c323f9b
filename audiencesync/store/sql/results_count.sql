-- results_count: how many rows were answered, each once, and how many answers are refusals.
-- returns: rows BIGINT, refused BIGINT
SELECT count(DISTINCT seq) AS rows, count(*) FILTER (NOT accepted) AS refused FROM stage_result
