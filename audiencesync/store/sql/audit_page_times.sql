-- audit_page_times: answers over the time of one run.
-- params : $run_id, $start TIMESTAMP, $step (seconds), $until TIMESTAMP or NULL
-- reads  : stage_audit
-- returns: slot BIGINT (from $start, in steps; a clock that was set back counts as the start), outcome, rows BIGINT
SELECT greatest(0, CAST(floor(epoch(answered_at - $start::TIMESTAMP) / $step) AS BIGINT)) AS slot, outcome, count(*) AS rows
FROM stage_audit
WHERE run_id = $run_id AND sent_at IS NOT NULL AND answered_at IS NOT NULL
  AND ($until IS NULL OR answered_at <= $until)
GROUP BY ALL
ORDER BY slot, outcome
