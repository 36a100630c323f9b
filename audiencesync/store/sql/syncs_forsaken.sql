-- syncs_forsaken: syncs that made records and that the config names no more, when another one has none of its own yet.
-- params : $sync_id (the other one), $object (its object), $names VARCHAR[] (what the config names)
-- reads  : store.sync, store.record, store.outbox
-- returns: name, profiles BIGINT (whose records they know, or have not heard of yet)
-- grain  : one row a sync of the same object, the one with most profiles first
WITH sent AS (
    SELECT sync_id, profile_key FROM store.record
    UNION
    SELECT sync_id, profile_key FROM store.outbox WHERE batch_id IS NOT NULL
)
SELECT name, count(*) AS profiles
FROM sent JOIN store.sync USING (sync_id)
WHERE lower(object) = lower($object) AND NOT list_contains($names, name) AND $sync_id NOT IN (SELECT sync_id FROM sent)
GROUP BY name
ORDER BY profiles DESC, name
