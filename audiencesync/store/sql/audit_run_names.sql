-- audit_run_names: run ids that begin with some text, newest first; with all of it as an id, that one alone.
-- params : $prefix, $size
-- returns: run_id VARCHAR
SELECT run_id
FROM store.run
WHERE starts_with(run_id, $prefix)
  AND (run_id = $prefix OR NOT EXISTS (FROM store.run WHERE run_id = $prefix))
ORDER BY started_at DESC, run_id DESC
LIMIT $size
