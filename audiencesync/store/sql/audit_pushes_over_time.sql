-- audit_pushes_over_time: answers of all runs, in slots of equal length.
-- params : $start TIMESTAMP, $step (seconds)
-- reads  : store.ledger
-- returns: slot BIGINT (from $start, in steps), outcome VARCHAR, rows BIGINT
-- grain  : one row a slot and outcome that there is
SELECT CAST(floor(epoch(answered_at - $start::TIMESTAMP) / $step) AS BIGINT) AS slot, outcome, count(*) AS rows
FROM store.ledger
WHERE answered_at >= $start::TIMESTAMP
GROUP BY ALL
ORDER BY slot, outcome
