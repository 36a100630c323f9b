-- parked_count: how many rows of a sync are parked for what is in them, and how many because they have no record.
-- params : $sync_id
-- returns: parked BIGINT, unmatched BIGINT
SELECT count(*) FILTER (error_code <> 'NO_RECORD') AS parked, count(*) FILTER (error_code = 'NO_RECORD') AS unmatched
FROM store.parked
WHERE sync_id = $sync_id
