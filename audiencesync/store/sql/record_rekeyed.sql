-- record_rekeyed: records under the match values that plan_rekeyed.sql found them to have.
-- params: $sync_id
-- reads : plan_rekeyed
UPDATE store.record AS record
SET match_key = rekeyed.match_key, match_hash = sf_key_hash(rekeyed.match_key)
FROM plan_rekeyed AS rekeyed
WHERE record.sync_id = $sync_id AND record.key_hash = sf_key_hash(rekeyed.profile_key) AND NOT record.profile_key <> rekeyed.profile_key
