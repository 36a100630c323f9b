-- audit_run_syncs: what runs did, sync by sync.
-- params : $run_ids VARCHAR[]
-- returns: run_id, sync_id, name, object, started_at, finished_at, document (JSON text; NULL when the run was killed)
-- grain  : one row a run and sync, in the order in which they were begun
SELECT run_id, sync_id, sync.name, sync.object, run_sync.started_at, run_sync.finished_at, document
FROM store.run_sync AS run_sync
JOIN store.sync AS sync USING (sync_id)
WHERE list_contains($run_ids, run_id)
ORDER BY run_id, run_sync.started_at, sync_id
