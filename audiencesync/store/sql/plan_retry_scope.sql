-- plan_retry_scope: the parked rows that are to be tried again, and nobody else.
-- params: $sync_id, $codes VARCHAR[] (their error codes; empty for all)
-- reads : store.parked
-- makes : stage_scope(profile_key)
CREATE OR REPLACE TEMP TABLE stage_scope AS
SELECT profile_key FROM store.parked WHERE sync_id = $sync_id AND (len($codes) = 0 OR list_contains($codes, error_code))
