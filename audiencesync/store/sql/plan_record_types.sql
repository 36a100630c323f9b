-- plan_record_types: the record types that the members who differ are to have.
-- template: index (of the record type among the fields), raw, value (SQL expressions, as for plan_rendered)
-- reads   : plan_candidate, plan_profile
-- returns : id VARCHAR
-- grain   : one row a record type
SELECT DISTINCT id
FROM (
    SELECT {{ value }} AS id
    FROM (
        SELECT {{ raw }} AS raw_{{ index }}
        FROM plan_profile
        SEMI JOIN (FROM plan_candidate WHERE desired) AS wanted ON wanted.touched = _plan_touched
    )
)
WHERE id IS NOT NULL
ORDER BY id
