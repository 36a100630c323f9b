-- plan_pushed_scope: the profiles that a pushed change is about, others that are pending, those that wait for another
--                    member to let go of their match value or record, that were refused under other terms, or had no record
--                    a while ago.
-- params: $sync_id, $terms (how rows are written now), $stale (as plan_parked has it)
-- reads : store.pending, store.parked
-- makes : stage_scope(profile_key)
CREATE OR REPLACE TEMP TABLE stage_scope AS
SELECT profile_key FROM store.pending WHERE sync_id = $sync_id
UNION
SELECT profile_key FROM store.parked WHERE sync_id = $sync_id
  AND (claim IS NOT NULL OR terms IS DISTINCT FROM $terms OR (error_code = 'NO_RECORD' AND parked_at <= $stale))
