-- pending_in: members that differ and are not acknowledged yet, whatever becomes of this run.
-- params: $sync_id
-- reads : plan_change
INSERT INTO store.pending SELECT DISTINCT $sync_id, profile_key FROM plan_change WHERE verdict IN ('send', 'invalid', 'unmatched')
