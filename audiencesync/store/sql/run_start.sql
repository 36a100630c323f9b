-- run_start: a run begins.
-- params: $run_id, $command, $version, $now
INSERT INTO store.run (run_id, command, version, started_at, status)
VALUES ($run_id, $command, $version, $now, 'running')
