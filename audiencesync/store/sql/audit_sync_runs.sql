-- audit_sync_runs: the last run of one sync, and the last one that succeeded for it.
-- params : $sync_id
-- returns: run_id, started_at, finished_at, status and error VARCHAR (of the sync; of the run, when it was killed),
--          document VARCHAR (NULL: it was killed)
-- grain  : one row a run: the last, and the last success, newest first; one when they are the same
WITH ended AS (
    SELECT run_id, run_sync.started_at, run_sync.finished_at,
        coalesce(json_extract_string(document, '$.status'), run.status) AS status,
        document, CASE WHEN document IS NULL THEN error ELSE json_extract_string(document, '$.error.message') END AS error
    FROM store.run_sync AS run_sync
    JOIN store.run AS run USING (run_id)
    WHERE sync_id = $sync_id
)
SELECT run_id, started_at, finished_at, status, error, document
FROM ended
QUALIFY row_number() OVER (ORDER BY started_at DESC, run_id DESC) = 1
     OR (status = 'succeeded'
         AND row_number() OVER (PARTITION BY status ORDER BY started_at DESC, run_id DESC) = 1)
ORDER BY started_at DESC, run_id DESC
