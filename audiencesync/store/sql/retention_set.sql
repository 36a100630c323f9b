-- retention_set: note what the ledger was looked at for.
-- params: $kept_since (NULL: nothing was ever dropped), $now
UPDATE store.retention SET kept_since = $kept_since, looked_at = $now
