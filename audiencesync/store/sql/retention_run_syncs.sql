-- retention_run_syncs: drop what dropped runs did.
-- writes: store.run_sync
DELETE FROM store.run_sync WHERE run_id NOT IN (SELECT run_id FROM store.run)
