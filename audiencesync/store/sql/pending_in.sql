-- pending_in: members that differ and are not acknowledged yet, whatever becomes of this run.
-- params: $sync_id
-- reads : plan_change
INSERT INTO store.pending SELECT $sync_id, profile_key FROM plan_change WHERE leads AND verdict IN ('send', 'invalid', 'unmatched')
