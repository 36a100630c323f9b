-- pending_out: a plan has looked at every pending member of its sync again, but for those whose answer is still out.
-- params: $sync_id
DELETE FROM store.pending WHERE sync_id = $sync_id
  AND profile_key NOT IN (SELECT profile_key FROM store.outbox WHERE sync_id = $sync_id AND batch_id IS NOT NULL)
