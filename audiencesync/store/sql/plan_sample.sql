-- plan_sample: a few rows of a plan, to look at.
-- params : $size
-- returns: profile_key, action, reason, verdict, error_code, changed (JSON text: field -> [before, after])
SELECT profile_key, action, reason, verdict, error_code,
    to_json(map_from_entries([{'k': field.key, 'v': [field.value."before", field.value."after"]} FOR field IN map_entries(sf_changed("before", "after"))])) AS changed
FROM (
    FROM plan_change
    WHERE verdict IN ('send', 'invalid')
    ORDER BY verdict DESC, reason, profile_key
    LIMIT $size
)
ORDER BY verdict DESC, reason, profile_key
