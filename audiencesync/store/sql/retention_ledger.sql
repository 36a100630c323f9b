-- retention_ledger: drop pushes that are too old.
-- params : $cutoff
-- returns: pushes BIGINT
DELETE FROM store.ledger WHERE answered_at < $cutoff
