-- results_count: how many rows were answered, each once.
-- returns: results BIGINT, rows BIGINT, transient BIGINT
SELECT count(*) AS results, count(DISTINCT seq) AS rows FROM stage_result
