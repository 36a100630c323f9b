-- learned_get: whether an org was found not to take something.
-- params : $fact, $since
-- returns: learned BOOLEAN
SELECT count(*) > 0 AS learned FROM store.learned WHERE fact = $fact AND learned_at >= $since
