-- settle_in_pending: whose record is another's now is looked at again: she may have left, or need a record of her own.
-- reads : stage_bereft
-- writes: store.pending; who is pending already is so once
INSERT INTO store.pending
FROM stage_bereft
ANTI JOIN store.pending AS old USING (sync_id, profile_key)
