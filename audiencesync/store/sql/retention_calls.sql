-- retention_calls: drop billed calls that are too old.
-- params: $cutoff
DELETE FROM store.api_call WHERE called_at < $cutoff
