-- run_sync_start: a run is for one sync.
-- params: $run_id, $sync_id, $now
INSERT INTO store.run_sync (run_id, sync_id, started_at) VALUES ($run_id, $sync_id, $now)
