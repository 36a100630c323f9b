-- audit_page_fields: which fields changed in the accepted rows of one run, and how.
-- params : $run_id
-- reads  : stage_audit (an accepted row has no later attempt)
-- returns: sync, field, filled, replaced, cleared, again (sent with the value it had), truncated, total: all BIGINT
WITH sent AS (
    SELECT sync, truncated, unnest(map_entries(changed)) AS field
    FROM stage_audit
    WHERE run_id = $run_id AND outcome = 'accepted'
)
SELECT sync, field.key AS field,
    count(*) FILTER (field.value."before" IS NULL AND field.value."after" IS NOT NULL) AS filled,
    count(*) FILTER (field.value."before" <> field.value."after") AS replaced,
    count(*) FILTER (field.value."before" IS NOT NULL AND field.value."after" IS NULL) AS cleared,
    count(*) FILTER (field.value."before" IS NOT DISTINCT FROM field.value."after") AS again,
    count(*) FILTER (list_contains(truncated, field.key)) AS truncated,
    count(*) AS total
FROM sent
GROUP BY ALL
ORDER BY sync, total DESC, field
