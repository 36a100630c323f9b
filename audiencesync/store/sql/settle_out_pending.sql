-- settle_out_pending: what is accepted is pending no more; a member whose record is gone still is.
-- reads: stage_settled
DELETE FROM store.pending AS old
USING stage_settled AS settled
WHERE old.sync_id = settled.sync_id AND old.profile_key = settled.profile_key AND NOT settled.gone AND settled.complete
