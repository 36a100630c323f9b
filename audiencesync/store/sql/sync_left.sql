-- sync_left: what a run leaves of one sync: rows that it never sent, rows of earlier runs whose fate is still not known,
--            rows parked for what is in them, and members parked because they have no record.
-- params : $run_id, $sync_id
-- returns: waiting, unknown, parked, unmatched BIGINT
SELECT
    (SELECT count(*) FROM store.outbox WHERE run_id = $run_id AND sync_id = $sync_id AND batch_id IS NULL) AS waiting,
    (SELECT count(*) FROM store.outbox WHERE run_id <> $run_id AND sync_id = $sync_id AND batch_id IS NOT NULL) AS unknown,
    count(*) FILTER (error_code <> 'NO_RECORD') AS parked,
    count(*) FILTER (error_code = 'NO_RECORD') AS unmatched
FROM store.parked
WHERE sync_id = $sync_id
