-- retention_batches: drop requests and jobs that are too old; one without an answer is younger.
-- params: $cutoff
DELETE FROM store.batch WHERE sent_at < $cutoff
