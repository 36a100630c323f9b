-- alias_of: the key for which another one was given up.
-- params : $key
-- returns: profile_key VARCHAR; no row when it was not
SELECT profile_key FROM store.pushed_alias WHERE previous = $key
