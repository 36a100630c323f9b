-- forget_payloads: values of members who are gone and need no push.
-- params: $sync_id
DELETE FROM store.payload
WHERE sync_id = $sync_id
  AND key_hash IN (SELECT sf_key_hash(profile_key) FROM plan_change WHERE verdict = 'forget')
  AND profile_key IN (SELECT profile_key FROM plan_change WHERE verdict = 'forget')
