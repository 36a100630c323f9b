-- touched_repeats: how many profiles were found beside another of the same key: the source has changed since it was checked.
--                  One profile that meets two rows of the state is none of them.
-- reads  : plan_touched
-- returns: repeats BIGINT
SELECT count(*) - count(DISTINCT (_profile_key, _plan_state)) AS repeats FROM plan_touched WHERE _profile_key IS NOT NULL
