-- settle_accepted: the rows of a batch that Salesforce accepted, and those whose record turned out to be gone. An Id that
--                  the source gave is not forgotten for that: its row is refused until the source gives another.
-- params  : $batch_id, $gone VARCHAR[] (codes that say the record of a known Id no longer exists), $there VARCHAR[]
--           (records that do exist: the code is about one that they point to)
-- template: words
-- reads   : store.outbox, store.ledger, stage_result
-- makes   : stage_settled (what the state takes from the outbox; gone BOOLEAN, new_id, complete BOOLEAN: the last of the
--           profile's records is written, and its state moves with this row)
CREATE OR REPLACE TEMP TABLE stage_settled AS
WITH several AS (
    SELECT DISTINCT run_id, sync_id, profile_key FROM store.outbox WHERE batch_id = $batch_id AND siblings > 1
), unwritten AS (
    SELECT profile_key
    FROM store.outbox SEMI JOIN several USING (run_id, sync_id, profile_key)
    WHERE seq NOT IN (SELECT seq FROM stage_result WHERE accepted)
    UNION
    SELECT profile_key
    FROM store.ledger SEMI JOIN several USING (run_id, sync_id, profile_key)
    GROUP BY profile_key, seq
    HAVING NOT bool_or(outcome = 'accepted')
), settled AS (
    SELECT outbox.batch_id, outbox.seq, outbox.run_id, outbox.sync_id, outbox.profile_key, outbox.match_key, outbox.salesforce_id,
        outbox.object, outbox.action, outbox.siblings, outbox.fingerprint{% for word in words %}, outbox.mask_{{ word }}{% endfor %},
        NOT result.accepted AS gone, coalesce(result.salesforce_id, outbox.salesforce_id) AS new_id
    FROM store.outbox AS outbox
    JOIN stage_result AS result ON result.seq = outbox.seq
    WHERE outbox.batch_id = $batch_id
      AND (result.accepted OR (outbox.salesforce_id IS NOT NULL AND list_contains($gone, result.error_code)
          AND NOT list_contains($there, outbox.salesforce_id)
          AND (outbox.action IN ('exit', 'delete') OR outbox.salesforce_id IS DISTINCT FROM outbox.match_value)))
)
SELECT *,
    siblings = 1 OR seq IN (
        SELECT min(seq) FROM settled ANTI JOIN unwritten USING (profile_key) WHERE siblings > 1 GROUP BY profile_key
    ) AS complete
FROM settled
