-- api_call_add: count a billed call before it is made.
-- params: $now, $kind, $run_id, $sync
INSERT INTO store.api_call VALUES ($now, $kind, $run_id, $sync)
