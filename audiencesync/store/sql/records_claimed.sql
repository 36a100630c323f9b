-- records_claimed: those of some records that are known to be a profile's, or that any sync is known to have made.
-- params : $sync_id, $ids VARCHAR[]
-- reads  : store.record, store.ledger
-- returns: salesforce_id VARCHAR
SELECT salesforce_id FROM store.record WHERE sync_id = $sync_id AND salesforce_id IN (SELECT unnest($ids))
UNION
SELECT salesforce_id
FROM store.ledger
WHERE action = 'create' AND outcome = 'accepted' AND salesforce_id IN (SELECT unnest($ids))
