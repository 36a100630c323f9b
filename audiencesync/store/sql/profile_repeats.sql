-- profile_repeats: keys that more than one profile carries; in an incremental read, those of changed profiles.
-- params  : $since when the read is incremental
-- template: updated_at, since_type as in profile_totals; scope: look at the profiles of stage_scope instead
-- returns : profile_key VARCHAR, profiles BIGINT, keys BIGINT (how many keys repeat in all)
-- grain   : one row a repeated key, five at most
SELECT _profile_key AS profile_key, count(*) AS profiles, count(*) OVER () AS keys
FROM stage_profile
{% if scope %}
WHERE _profile_key IN (SELECT stage_scope.profile_key FROM stage_scope)
{% elif since_type %}
WHERE _profile_key IN (SELECT changed._profile_key FROM stage_profile AS changed WHERE {% include "profile_changed.sql" %})
{% endif %}
GROUP BY _profile_key
HAVING count(*) > 1
ORDER BY _profile_key
LIMIT 5
