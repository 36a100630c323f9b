-- stage_pushed_key: the profiles that a change is about, and the keys that are given up for them.
-- params: $given_up VARCHAR[]
-- reads : stage_inbox, store.pushed_alias
-- makes : stage_pushed_key(profile_key, becomes): whose pushed rows change; `becomes` is the profile they are of
CREATE OR REPLACE TEMP TABLE stage_pushed_key AS
SELECT profile_key, profile_key AS becomes FROM stage_inbox
UNION
SELECT previous, profile_key FROM store.pushed_alias WHERE list_contains($given_up, previous)
