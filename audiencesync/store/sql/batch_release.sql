-- batch_release: rows of a batch that surely had no effect wait again, under the next attempt.
-- params: $batch_id, $attempts (added to each row's attempt)
UPDATE store.outbox SET batch_id = NULL, pack = NULL, attempt = attempt + $attempts WHERE batch_id = $batch_id
