-- settle_out_acknowledged: make room for what was just accepted; and whose record is another's now is not acknowledged any more.
-- reads: stage_settled, stage_bereft
DELETE FROM store.acknowledged
WHERE key_hash IN (SELECT sf_key_hash(profile_key) FROM stage_settled WHERE complete UNION ALL SELECT sf_key_hash(profile_key) FROM stage_bereft)
  AND (sync_id, profile_key) IN (SELECT sync_id, profile_key FROM stage_settled WHERE complete UNION ALL FROM stage_bereft)
