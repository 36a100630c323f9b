-- plan_acked: the values last accepted of those who differ; the table is large, so it is read once.
-- params: $sync_id
-- reads : plan_candidate, store.payload
-- makes : plan_acked(profile_key, fields)
CREATE OR REPLACE TEMP TABLE plan_acked AS
SELECT profile_key, fields
FROM store.payload
SEMI JOIN plan_candidate USING (profile_key)
WHERE sync_id = $sync_id
