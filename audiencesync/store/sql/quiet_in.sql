-- quiet_in: members whose record already says what it should, under their new fingerprint and mask.
-- params  : $sync_id
-- template: words, rebased (the mapping is another, and records may be found by another field)
-- reads   : plan_change
INSERT INTO store.acknowledged BY NAME
SELECT $sync_id AS sync_id, profile_key, sf_key_hash(profile_key) AS key_hash, fingerprint{% for word in words %}, mask_{{ word }}{% endfor %}

FROM plan_change
WHERE verdict = 'quiet'
{% if rebased %};

UPDATE store.record AS record
SET match_key = quiet.match_key, match_hash = sf_key_hash(quiet.match_key)
FROM (SELECT profile_key, match_key FROM plan_change WHERE verdict = 'quiet' AND leads) AS quiet
WHERE record.sync_id = $sync_id AND record.key_hash = sf_key_hash(quiet.profile_key) AND NOT record.profile_key <> quiet.profile_key
  AND record.match_key IS DISTINCT FROM quiet.match_key
{% endif %}
