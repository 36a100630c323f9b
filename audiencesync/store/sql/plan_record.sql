-- plan_record: the records of those who differ, as far as they are known; the table is large, so it is read once.
-- params: $sync_id
-- reads : plan_candidate, store.record
-- makes : plan_record(profile_key, match_key, object, salesforce_id)
CREATE OR REPLACE TEMP TABLE plan_record AS
SELECT profile_key, match_key, object, salesforce_id
FROM store.record
SEMI JOIN plan_candidate USING (profile_key)
WHERE sync_id = $sync_id
