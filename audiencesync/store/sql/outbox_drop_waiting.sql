-- outbox_drop_waiting: rows that were never sent; their state is unchanged, so the next diff offers them again.
-- params: $sync_id
DELETE FROM store.outbox WHERE sync_id = $sync_id AND batch_id IS NULL
