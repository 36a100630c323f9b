-- plan_operations: rows to send by operation.
-- reads  : plan_change
-- returns: operation VARCHAR, rows BIGINT, unfit BIGINT (rows that a Bulk CSV cannot carry)
-- grain  : one row an operation
SELECT operation, count(*) AS rows, count(*) FILTER (sf_bulk_unfit(changed)) AS unfit
FROM plan_change
WHERE verdict = 'send'
GROUP BY operation
