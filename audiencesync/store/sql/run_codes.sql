-- run_codes: why rows of one run were not accepted; of several attempts at one row the last counts.
-- params : $run_id
-- reads  : store.ledger, store.sync
-- returns: sync, outcome (rejected or invalid), error_code, rows BIGINT
-- grain  : one row a sync, outcome and code; the most frequent first
WITH ended AS (
    SELECT sync_id, seq,
        arg_max({'outcome': outcome, 'error_code': error_code}, {'a': attempt, 't': answered_at}) AS last
    FROM store.ledger
    WHERE run_id = $run_id
    GROUP BY sync_id, seq
)
SELECT sync.name AS sync, last.outcome AS outcome, last.error_code AS error_code, count(*) AS rows
FROM ended
JOIN store.sync AS sync USING (sync_id)
WHERE last.outcome IN ('rejected', 'invalid')
GROUP BY ALL
ORDER BY sync, rows DESC, outcome, error_code
