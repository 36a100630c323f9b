-- parked_count: how many rows of a sync are parked for what is in them.
-- params : $sync_id
-- returns: parked BIGINT
SELECT count(*) AS parked FROM store.parked WHERE sync_id = $sync_id AND error_code <> 'NO_RECORD'
