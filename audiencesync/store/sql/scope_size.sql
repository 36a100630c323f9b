-- scope_size: how many profiles a plan looks at, and how many the source has, which Parquet files tell without being read.
-- reads   : stage_scope, stage_profile_raw
-- returns : looked_at, rows BIGINT
SELECT (SELECT count(*) FROM stage_scope) AS looked_at, (SELECT count(*) FROM stage_profile_raw) AS "rows"
