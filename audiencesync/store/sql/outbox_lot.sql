-- outbox_lot: the rows of one planned request or job, in order.
-- params : $run_id, $sync_id, $operation, $object, $route, $pack
-- returns: seq BIGINT
SELECT seq
FROM store.outbox
WHERE run_id = $run_id AND sync_id = $sync_id AND operation = $operation AND object = $object AND route = $route
  AND pack = $pack AND batch_id IS NULL
ORDER BY seq
