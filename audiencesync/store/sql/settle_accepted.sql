-- settle_accepted: the rows of a batch that Salesforce accepted, and those whose record turned out to be gone.
-- params: $batch_id, $gone VARCHAR[] (codes that say the record of a known Id no longer exists)
-- makes : stage_settled (outbox columns, gone BOOLEAN, new_id, complete BOOLEAN: the last of the profile's records is
--         written, and its state moves with this row)
CREATE OR REPLACE TEMP TABLE stage_settled AS
SELECT outbox.*, NOT result.accepted AS gone, coalesce(result.salesforce_id, outbox.salesforce_id) AS new_id,
    outbox.siblings = 1 OR NOT EXISTS (
        FROM store.outbox AS other
        WHERE other.run_id = outbox.run_id AND other.sync_id = outbox.sync_id AND other.profile_key = outbox.profile_key
          AND other.seq NOT IN (SELECT seq FROM stage_result WHERE accepted)
    ) AND NOT EXISTS (
        FROM store.ledger AS earlier
        WHERE earlier.run_id = outbox.run_id AND earlier.sync_id = outbox.sync_id
          AND earlier.profile_key = outbox.profile_key AND earlier.outcome = 'rejected'
          AND earlier.seq NOT IN (SELECT seq FROM stage_result WHERE accepted)
    ) AND NOT EXISTS (
        FROM store.outbox AS twin
        WHERE twin.run_id = outbox.run_id AND twin.sync_id = outbox.sync_id AND twin.profile_key = outbox.profile_key
          AND twin.seq < outbox.seq
    ) AS complete
FROM store.outbox AS outbox
JOIN stage_result AS result ON result.seq = outbox.seq
WHERE outbox.batch_id = $batch_id
  AND (result.accepted OR (outbox.salesforce_id IS NOT NULL AND list_contains($gone, result.error_code)))
