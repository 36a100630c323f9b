-- settle_out_payload: make room for what was just accepted.
-- reads: stage_settled
DELETE FROM store.payload AS old
USING stage_settled AS settled
WHERE old.sync_id = settled.sync_id AND old.profile_key = settled.profile_key AND settled.complete
