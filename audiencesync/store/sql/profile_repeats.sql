-- profile_repeats: keys that more than one profile carries.
-- template: profiles (stage_profile, or stage_scoped_profile)
-- returns : profile_key VARCHAR, profiles BIGINT, keys BIGINT (how many keys repeat in all)
-- grain   : one row a repeated key, five at most
SELECT _profile_key AS profile_key, count(*) AS profiles, count(*) OVER () AS keys
FROM {{ profiles }}
GROUP BY _profile_key
HAVING count(*) > 1
ORDER BY _profile_key
LIMIT 5
