-- run_sync_finish: what a run did for one sync.
-- params: $run_id, $sync_id, $document (JSON text), $now
UPDATE store.run_sync SET document = $document, finished_at = $now WHERE run_id = $run_id AND sync_id = $sync_id
