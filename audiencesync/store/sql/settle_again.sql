-- settle_again: rows with a passing error wait for their next attempt.
-- params : $batch_id, $transient VARCHAR[] (codes), $attempts (most of one row)
-- returns: Count BIGINT
UPDATE store.outbox AS outbox
SET batch_id = NULL, pack = NULL, attempt = outbox.attempt + 1
FROM stage_result AS result
WHERE outbox.batch_id = $batch_id AND result.seq = outbox.seq
  AND NOT result.accepted AND outbox.attempt < $attempts
  -- a trigger failure of this wording passes by itself, too (salesforce/catalogue.py)
  AND (list_contains($transient, result.error_code)
       OR (len($transient) > 0 AND contains(coalesce(result.error_message, ''), 'Too many retries of batch save')))
