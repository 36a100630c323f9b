-- outbox_lots: the requests and jobs of one operation that are planned and not begun.
-- params : $run_id, $sync_id, $operation
-- returns: object VARCHAR, route VARCHAR, pack BIGINT, rows BIGINT
-- grain  : one row a request or job, in the order they go
SELECT object, route, pack, count(*) AS rows
FROM store.outbox
WHERE run_id = $run_id AND sync_id = $sync_id AND operation = $operation AND batch_id IS NULL AND pack IS NOT NULL
GROUP BY object, route, pack
ORDER BY min(seq)
