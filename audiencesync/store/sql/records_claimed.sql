-- records_claimed: those of some records that are known to be a profile's.
-- params : $sync_id, $ids VARCHAR[]
-- returns: salesforce_id VARCHAR
SELECT DISTINCT salesforce_id FROM store.record WHERE sync_id = $sync_id AND salesforce_id IN (SELECT unnest($ids))
