-- audit_runs: the runs so far, newest first.
-- params : $size (NULL: all), $run_id (NULL: any)
-- returns: run_id, command, version, status, started_at, finished_at (TIMESTAMP in UTC), error
-- grain  : one row a run
SELECT run_id, command, version, status, started_at, finished_at, error
FROM store.run
WHERE $run_id IS NULL OR run_id = $run_id
ORDER BY started_at DESC, run_id DESC
LIMIT $size
