-- plan_operations: how much each object and operation has to send, and into how many requests or jobs it would go.
-- params : $collection_rows, $composite_rows, $job_rows (most rows of one request or job), $request_bytes,
--          $job_bytes (most bytes)
-- reads  : plan_packing
-- returns: object VARCHAR, operation VARCHAR, rows BIGINT, unfit BIGINT (rows that a Bulk CSV cannot carry),
--          collections, composite BIGINT (requests for all rows), unfit_collections, unfit_composite BIGINT (for the
--          unfit ones), jobs BIGINT (for the others)
-- grain  : one row an object and operation
SELECT object, operation, count(*) AS rows, count(*) FILTER (bulk_unfit) AS unfit,
    count(DISTINCT sf_pack(place, $collection_rows, bytes_before, $request_bytes)) AS collections,
    count(DISTINCT sf_pack(place, $composite_rows, bytes_before, $request_bytes)) AS composite,
    count(DISTINCT sf_pack(fit_place, $collection_rows, fit_bytes_before, $request_bytes)) FILTER (bulk_unfit) AS unfit_collections,
    count(DISTINCT sf_pack(fit_place, $composite_rows, fit_bytes_before, $request_bytes)) FILTER (bulk_unfit) AS unfit_composite,
    count(DISTINCT sf_pack(fit_place, $job_rows, fit_bytes_before, $job_bytes)) FILTER (NOT bulk_unfit) AS jobs
FROM plan_packing
GROUP BY object, operation
ORDER BY object, operation
