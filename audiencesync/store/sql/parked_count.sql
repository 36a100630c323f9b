-- parked_count: how many rows of a sync are parked.
-- params : $sync_id
-- returns: parked BIGINT
SELECT count(*) AS parked FROM store.parked WHERE sync_id = $sync_id
