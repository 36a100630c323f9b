-- membership_nulls: memberships that name no profile or no audience.
-- returns: null_keys BIGINT, null_audiences BIGINT
-- grain  : one row
SELECT count(*) FILTER (profile_key IS NULL) AS null_keys, count(*) FILTER (audience IS NULL) AS null_audiences
FROM stage_membership
