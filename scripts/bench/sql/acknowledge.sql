-- acknowledge: everybody is as Salesforce has them, so that the next day differs from this one.
-- reads: plan_touched
INSERT INTO store.acknowledged BY NAME
SELECT 1 AS sync_id, _profile_key AS profile_key, sf_key_hash(_profile_key) AS key_hash,
    _plan_fingerprint AS fingerprint, _plan_mask_0 AS mask_0
FROM plan_touched;
INSERT INTO store.audience_bit SELECT 1, audience, ordinal FROM plan_bit;
