-- results_gone: records of a batch that may be gone, by the answer staged last.
-- params : $batch_id, $codes VARCHAR[]
-- reads  : store.outbox, stage_result
-- returns: salesforce_id VARCHAR
SELECT DISTINCT outbox.salesforce_id
FROM store.outbox AS outbox
JOIN stage_result AS result ON result.seq = outbox.seq
WHERE outbox.batch_id = $batch_id AND outbox.salesforce_id IS NOT NULL
  AND NOT result.accepted AND list_contains($codes, result.error_code)
ORDER BY ALL
