-- pushed_any: whether anything was ever pushed.
-- returns: profiles, memberships BOOLEAN
SELECT EXISTS (FROM store.pushed_profile) AS profiles, EXISTS (FROM store.pushed_membership) AS memberships
