-- settle_out_acknowledged: make room for what was just accepted.
-- reads: stage_settled
DELETE FROM store.acknowledged
WHERE key_hash IN (SELECT sf_key_hash(profile_key) FROM stage_settled WHERE complete)
  AND (sync_id, profile_key) IN (SELECT sync_id, profile_key FROM stage_settled WHERE complete)
