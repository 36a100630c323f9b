-- outbox_take: the next rows of one operation, in order.
-- params : $run_id, $sync_id, $operation, $bulk BOOLEAN (only rows that a Bulk CSV can carry), $rows (at most),
--          $bytes (at most, by the room the values take in a CSV; the first row is always taken)
-- returns: seq BIGINT
-- grain  : one row an outbox row
SELECT seq
FROM (
    SELECT seq,
        sum(8 + coalesce(strlen(match_value), 0) + coalesce(list_sum(list_transform(map_values(changed),
            lambda change: 3 + coalesce(strlen(change."after"), 4))), 0)) OVER (ORDER BY seq) AS bytes_so_far,
        row_number() OVER (ORDER BY seq) AS position
    FROM store.outbox
    WHERE run_id = $run_id AND sync_id = $sync_id AND operation = $operation AND batch_id IS NULL
      AND NOT ($bulk AND bulk_unfit)
)
WHERE position <= $rows AND (bytes_so_far <= $bytes OR position = 1)
ORDER BY seq
