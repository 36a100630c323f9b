-- quiet_in: members whose record already says what it should, under their new fingerprint and mask.
-- params  : $sync_id
-- template: words
-- reads   : plan_change
INSERT INTO store.acknowledged BY NAME
SELECT $sync_id AS sync_id, profile_key, sf_key_hash(profile_key) AS key_hash, fingerprint{% for word in words %}, mask_{{ word }}{% endfor %}

FROM plan_change
WHERE verdict = 'quiet'
