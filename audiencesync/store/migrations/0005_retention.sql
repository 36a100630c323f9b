-- 0005_retention: the ledger may be kept for a while only.

-- Since when the ledger is whole (NULL: ever since), and when it was last looked at for what is too old. One row.
CREATE TABLE store.retention (kept_since TIMESTAMP, looked_at TIMESTAMP);
INSERT INTO store.retention VALUES (NULL, NULL);
