-- scope_out: the keys that a plan looks at, as they are lent to a cluster.
-- reads  : stage_scope
-- returns: profile_key VARCHAR
SELECT profile_key FROM stage_scope
