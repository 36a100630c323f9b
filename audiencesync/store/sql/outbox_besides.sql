-- outbox_besides: syncs that sent what has no answer yet, those that are known aside. What became of rows that were sent before
--                 their match fields were kept nobody can ask without the config of their sync.
-- params : $known INTEGER[]
-- reads  : store.outbox, store.batch, store.sync
-- returns: sync_id, name, object
-- grain  : one row a sync
SELECT sync_id, name, object
FROM store.sync
SEMI JOIN (
    FROM store.outbox JOIN store.batch AS batch USING (batch_id)
    WHERE matched_by IS NOT NULL AND NOT list_contains($known, outbox.sync_id)
) AS open_ ON open_.sync_id = sync.sync_id
ORDER BY sync_id
