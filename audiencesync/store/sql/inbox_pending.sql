-- inbox_pending: each sync looks again at the profiles that a change is about.
-- params : $syncs VARCHAR[] (their names)
-- reads : stage_pushed_key, store.sync
INSERT INTO store.pending
SELECT DISTINCT sync.sync_id, touched.profile_key
FROM store.sync AS sync, (SELECT profile_key FROM stage_pushed_key UNION SELECT becomes FROM stage_pushed_key) AS touched
WHERE list_contains($syncs, sync.name)
