-- profile_repeats: keys that more than one profile carries.
-- params  : $since when the read is incremental
-- template: updated_at, since_type as in profile_totals
-- returns : profile_key VARCHAR, profiles BIGINT, keys BIGINT (how many keys repeat in all)
-- grain   : one row a repeated key, five at most
SELECT _profile_key AS profile_key, count(*) AS profiles, count(*) OVER () AS keys
FROM stage_profile
{% if since_type %}WHERE {{ updated_at | name }} >= CAST($since AS {{ since_type }}){% endif %}

GROUP BY _profile_key
HAVING count(*) > 1
ORDER BY _profile_key
LIMIT 5
