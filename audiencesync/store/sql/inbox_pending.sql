-- inbox_pending: each sync that the store knows looks again at the profiles that a change is about, also one that is out
--                of the config meanwhile: its watermark would hide them from it later.
-- reads : stage_pushed_key, store.sync
-- writes: store.pending; who is pending already is so once
INSERT INTO store.pending
SELECT sync.sync_id, touched.profile_key
FROM store.sync AS sync
CROSS JOIN (SELECT profile_key FROM stage_pushed_key UNION SELECT becomes FROM stage_pushed_key) AS touched
ANTI JOIN store.pending AS old ON old.sync_id = sync.sync_id AND old.profile_key = touched.profile_key
