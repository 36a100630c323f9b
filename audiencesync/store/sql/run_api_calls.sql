-- run_api_calls: billed calls of one run for one sync.
-- params : $run_id, $sync
-- returns: calls BIGINT
SELECT count(*) AS calls FROM store.api_call WHERE run_id = $run_id AND sync = $sync
