-- syncs_besides: what the store holds of syncs, those that are known aside.
-- params : $known INTEGER[]
-- reads  : store.sync, store.record, store.outbox, store.acknowledged
-- returns: sync_id, name, object, profiles BIGINT (whose records they know, or have not heard of yet), members BIGINT (acknowledged),
--          unknown BIGINT (rows that were sent and have no answer)
-- grain  : one row a sync that has any of these, the one with most profiles first
WITH sent AS (
    SELECT sync_id, profile_key FROM store.record WHERE NOT list_contains($known, sync_id)
    UNION
    SELECT sync_id, profile_key FROM store.outbox WHERE batch_id IS NOT NULL AND NOT list_contains($known, sync_id)
), told AS (
    SELECT sync_id, count(*) AS profiles, 0 AS members, 0 AS unknown FROM sent GROUP BY sync_id
    UNION ALL
    SELECT sync_id, 0, count(*), 0 FROM store.acknowledged WHERE NOT list_contains($known, sync_id) GROUP BY sync_id
    UNION ALL
    SELECT sync_id, 0, 0, count(*) FROM store.outbox
    WHERE batch_id IS NOT NULL AND NOT list_contains($known, sync_id) GROUP BY sync_id
)
SELECT sync_id, name, object, CAST(sum(profiles) AS BIGINT) AS profiles, CAST(sum(members) AS BIGINT) AS members,
    CAST(sum(unknown) AS BIGINT) AS unknown
FROM told JOIN store.sync USING (sync_id)
GROUP BY sync_id, name, object
ORDER BY profiles DESC, name, object
