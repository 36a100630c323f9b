-- pushed_replace: what was known of the profiles that a change is about gives way to what is known now.
-- template: table (pushed_profile or pushed_membership)
-- reads   : stage_pushed_key, stage_<table>
DELETE FROM store.{{ table }}
WHERE key_hash IN (SELECT sf_key_hash(profile_key) FROM stage_pushed_key)
  AND profile_key IN (SELECT profile_key FROM stage_pushed_key);
INSERT INTO store.{{ table }} BY NAME SELECT * FROM stage_{{ table }} ORDER BY key_hash
