-- plan_mistaken: whether a profile met the state of another one whose key has the same hash.
-- reads  : plan_touched, store.acknowledged
-- returns: mistaken BIGINT
SELECT count(*) AS mistaken
FROM plan_touched
JOIN (SELECT rowid AS _plan_state_row, profile_key AS _plan_state_key FROM store.acknowledged) ON _plan_state_row = _plan_state
WHERE _profile_key <> _plan_state_key
