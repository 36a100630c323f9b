-- settle_in_pending: whose record is another's now is looked at again: she may have left, or need a record of her own.
-- reads: stage_bereft
INSERT INTO store.pending FROM stage_bereft
