-- pending_out: a plan has looked at every pending member of its sync again.
-- params: $sync_id
DELETE FROM store.pending WHERE sync_id = $sync_id
