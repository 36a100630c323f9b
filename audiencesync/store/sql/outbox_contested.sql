-- outbox_contested: rows that would take the record of another member, or make its double: its match value was to be
--                   given up in the same run, and was not.
-- params : $run_id, $sync_id, $operation
-- reads  : store.outbox, store.record, store.acknowledged
-- returns: object VARCHAR, seq BIGINT, holder VARCHAR (the profile that still has the match value)
-- grain  : one row a contested outbox row
SELECT outbox.object, outbox.seq, min(record.profile_key) AS holder
FROM store.outbox AS outbox
JOIN store.record AS record
  ON record.sync_id = outbox.sync_id AND record.match_key = outbox.match_key
 AND record.profile_key <> outbox.profile_key
SEMI JOIN store.acknowledged AS state
  ON state.sync_id = record.sync_id AND state.profile_key = record.profile_key
WHERE outbox.run_id = $run_id AND outbox.sync_id = $sync_id AND outbox.operation = $operation AND outbox.batch_id IS NULL
GROUP BY outbox.object, outbox.seq
