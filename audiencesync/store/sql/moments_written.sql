-- moments_written: in how many ways the texts of `updated_at` say when a row changed, and whether the mark that was kept says it so.
-- params  : $since (an `updated_at`, or nothing)
-- template: relation, updated_at (column)
-- returns : values (of unknown way), ways BIGINT, strange BOOLEAN (the mark is written in another way)
-- grain   : one row
SELECT
    count(*) FILTER (way IS NULL) AS "values",
    count(DISTINCT way) AS ways,
    coalesce(any_value(way) IS DISTINCT FROM sf_way($since), false) AND $since IS NOT NULL AND count(*) > 0 AS strange
FROM (SELECT sf_way({{ updated_at | name }}) AS way FROM {{ relation }} WHERE {{ updated_at | name }} IS NOT NULL)
