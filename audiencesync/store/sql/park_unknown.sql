-- park_unknown: rows of a batch whose fate nobody can tell are parked, for `retry` to send them.
-- params  : $batch_id, $now
-- template: words
-- reads   : store.outbox, store.batch
INSERT INTO store.parked BY NAME
SELECT DISTINCT ON (outbox.profile_key) outbox.sync_id, outbox.profile_key, outbox.row_hash
    {% for word in words %}, outbox.mask_{{ word }}{% endfor %},
    NULL AS claim, 'ANSWER_LOST' AS error_code, outbox.run_id,
    (SELECT terms FROM store.batch WHERE batch_id = $batch_id) AS terms, $now AS parked_at
FROM store.outbox AS outbox
ANTI JOIN store.parked AS already ON already.sync_id = outbox.sync_id AND already.profile_key = outbox.profile_key
WHERE outbox.batch_id = $batch_id
