-- settle_accepted: the rows of a batch that Salesforce accepted, and those whose record turned out to be gone.
-- params: $batch_id, $gone VARCHAR[] (codes that say the record of a known Id no longer exists)
-- makes : stage_settled (outbox columns, gone BOOLEAN, new_id)
CREATE OR REPLACE TEMP TABLE stage_settled AS
SELECT outbox.*, NOT result.accepted AS gone, coalesce(result.salesforce_id, outbox.salesforce_id) AS new_id
FROM store.outbox AS outbox
JOIN stage_result AS result ON result.seq = outbox.seq
WHERE outbox.batch_id = $batch_id
  AND (result.accepted OR (outbox.salesforce_id IS NOT NULL AND list_contains($gone, result.error_code)))
