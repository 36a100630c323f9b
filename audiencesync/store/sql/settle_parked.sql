-- settle_parked: rows of a batch that were refused for what is in them are parked. Not those whose record is gone, which
--                are looked for anew. Who was refused for a match value that another profile's record has, claims it.
-- params  : $batch_id, $passing VARCHAR[] (codes that say nothing about the row), $now
-- template: words
-- reads   : store.outbox, store.batch, stage_result, stage_settled, store.record
INSERT INTO store.parked BY NAME
SELECT DISTINCT ON (outbox.profile_key) outbox.sync_id, outbox.profile_key, outbox.row_hash
    {% for word in words %}, outbox.mask_{{ word }}{% endfor %},
    CASE WHEN result.error_code = 'DUPLICATE_MATCH_VALUE' OR other.profile_key IS NOT NULL THEN outbox.match_key END AS claim,
    result.error_code, outbox.run_id,
    (SELECT terms FROM store.batch WHERE batch_id = $batch_id) AS terms, $now AS parked_at
FROM store.outbox AS outbox
JOIN stage_result AS result ON result.seq = outbox.seq
ANTI JOIN stage_settled AS settled ON settled.seq = outbox.seq
ANTI JOIN store.parked AS already ON already.sync_id = outbox.sync_id AND already.profile_key = outbox.profile_key
LEFT JOIN (
    FROM store.record WHERE match_hash IN (SELECT sf_key_hash(match_key) FROM store.outbox WHERE batch_id = $batch_id)
) AS other
  ON result.error_code = 'DUPLICATE_VALUE' AND other.sync_id = outbox.sync_id
 AND other.match_key = outbox.match_key AND other.profile_key <> outbox.profile_key
WHERE outbox.batch_id = $batch_id AND NOT result.accepted AND NOT list_contains($passing, result.error_code)
  -- a trigger failure of this wording passes by itself (salesforce/catalogue.py)
  AND NOT contains(coalesce(result.error_message, ''), 'Too many retries of batch save')
