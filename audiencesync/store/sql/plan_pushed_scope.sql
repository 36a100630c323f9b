-- plan_pushed_scope: the profiles that a pushed change is about, others that are pending, those that wait for another
--                    member to let go of their match value or record, and those that were refused under other terms.
-- params: $sync_id, $terms (how rows are written now)
-- reads : store.pending, store.parked
-- makes : stage_scope(profile_key)
CREATE OR REPLACE TEMP TABLE stage_scope AS
SELECT profile_key FROM store.pending WHERE sync_id = $sync_id
UNION
SELECT profile_key FROM store.parked WHERE sync_id = $sync_id AND (claim IS NOT NULL OR terms IS DISTINCT FROM $terms)
