-- touched_repeats: how many keys came home more than once: the source has changed since it was checked.
-- reads  : plan_touched
-- returns: repeats BIGINT
SELECT count(_profile_key) - count(DISTINCT _profile_key) AS repeats FROM plan_touched
