-- retention_runs: drop runs that are too old, but neither the last of a sync nor its last success: status tells of them.
-- params: $cutoff
DELETE FROM store.run
WHERE started_at < $cutoff AND run_id NOT IN (
    SELECT max(run_id) FROM store.run_sync GROUP BY sync_id
    UNION ALL
    SELECT max(run_id) FROM store.run_sync WHERE json_extract_string(document, '$.status') = 'succeeded' GROUP BY sync_id
)
