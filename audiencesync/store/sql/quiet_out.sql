-- quiet_out: acknowledged rows that a plan replaces or forgets without sending anything.
-- params: $sync_id
DELETE FROM store.acknowledged
WHERE sync_id = $sync_id
  AND key_hash IN (SELECT sf_key_hash(profile_key) FROM plan_change WHERE verdict IN ('quiet', 'forget'))
  AND profile_key IN (SELECT profile_key FROM plan_change WHERE verdict IN ('quiet', 'forget'))
