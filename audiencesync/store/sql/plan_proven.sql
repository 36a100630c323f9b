-- plan_proven: whether the comparison has shown that no two profiles have one hash of their keys. Each row of the state
--              that was met takes one profile at least, and one that met no row of the state is in plan_touched; where there
--              are no more profiles than these, none is left that could be a second one.
-- params : $sync_id, $profiles (of the source)
-- reads  : plan_touched, store.acknowledged
-- returns: proven BOOLEAN
SELECT count(DISTINCT sf_key_hash(_profile_key)) FILTER (_plan_state IS NULL) = count(*) FILTER (_plan_state IS NULL)
   AND (SELECT count(*) FROM store.acknowledged WHERE sync_id = $sync_id)
     - count(*) FILTER (_profile_key IS NULL) + count(*) FILTER (_plan_state IS NULL) = $profiles AS proven
FROM plan_touched
