-- enqueue_fields: the fields that a plan sends. Of the rows that are sent whole, which have the same, one is looked at.
-- reads  : plan_change
-- returns: object VARCHAR, operation VARCHAR, fields VARCHAR[]
-- grain  : one row an object and operation that sends any
WITH text AS (
    SELECT object, operation, "after" FROM plan_change WHERE verdict = 'send' AND NOT whole
    UNION ALL
    SELECT object, operation, any_value("after") FROM plan_change WHERE verdict = 'send' AND whole GROUP BY object, operation
), sent AS (
    SELECT DISTINCT object, operation, unnest(json_keys("after")) AS field FROM text
)
SELECT object, operation, list(field ORDER BY field) AS fields
FROM sent
GROUP BY object, operation
