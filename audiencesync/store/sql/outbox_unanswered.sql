-- outbox_unanswered: rows of one sync that were sent and have no answer yet.
-- params : $sync_id
-- returns: rows BIGINT, members BIGINT (those of them who are acknowledged already)
SELECT count(*) AS rows, count(DISTINCT profile_key) FILTER (profile_key IN (
    SELECT profile_key FROM store.acknowledged WHERE sync_id = $sync_id
)) AS members
FROM store.outbox
WHERE sync_id = $sync_id AND batch_id IS NOT NULL
