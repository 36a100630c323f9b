-- run_codes: why rows of one run were not accepted; of several attempts at one row the last counts. Rows whose answer
--            is out belong to every run that could not find it.
-- params : $run_id
-- reads  : store.ledger, store.outbox, store.run_sync, store.sync
-- returns: sync, outcome (rejected, invalid or unknown), error_code, rows BIGINT
-- grain  : one row a sync, outcome and code; the most frequent first
WITH refused AS (
    SELECT DISTINCT sync_id, seq FROM store.ledger WHERE run_id = $run_id AND outcome IN ('rejected', 'invalid')
), ended AS (
    SELECT sync_id, seq,
        arg_max({'outcome': outcome, 'error_code': error_code}, {'a': attempt, 't': answered_at}) AS last
    FROM store.ledger SEMI JOIN refused USING (sync_id, seq)
    WHERE run_id = $run_id
    GROUP BY sync_id, seq
), problem AS (
    SELECT sync_id, last.outcome AS outcome, last.error_code AS error_code
    FROM ended
    WHERE last.outcome IN ('rejected', 'invalid')
    UNION ALL
    SELECT sync_id, 'unknown', 'ANSWER_LOST'
    FROM store.outbox
    WHERE batch_id IS NOT NULL AND sync_id IN (SELECT sync_id FROM store.run_sync WHERE run_id = $run_id)
)
SELECT sync.name AS sync, outcome, error_code, count(*) AS rows
FROM problem
JOIN store.sync AS sync USING (sync_id)
GROUP BY ALL
ORDER BY sync, rows DESC, outcome, error_code
