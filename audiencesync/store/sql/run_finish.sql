-- run_finish: a run ends.
-- params: $run_id, $status, $error (VARCHAR or NULL), $now
UPDATE store.run SET status = $status, error = $error, finished_at = $now WHERE run_id = $run_id
