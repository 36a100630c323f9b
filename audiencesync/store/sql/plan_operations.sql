-- plan_operations: how much each object and operation has to send, and into how many requests or jobs it would go.
-- params : $collection_rows, $composite_rows, $job_rows (most rows of one request or job), $request_bytes,
--          $job_bytes (most bytes)
-- reads  : plan_packing
-- returns: object VARCHAR, operation VARCHAR, rows BIGINT, unfit, apart BIGINT (rows that a Bulk CSV, or a Composite,
--          cannot carry), collections BIGINT (Collections for all rows), composite, apart_collections BIGINT (Composites
--          for all rows but those, and Collections for those), unfit_collections, unfit_composite BIGINT (Collections,
--          or Composites, for the unfit ones), unfit_apart BIGINT (rows that neither can carry), jobs BIGINT (for the
--          rows that are not unfit)
-- grain  : one row an object and operation
SELECT object, operation, count(*) AS rows, count(*) FILTER (bulk_unfit) AS unfit,
    count(DISTINCT sf_pack(place, $collection_rows, bytes_before, $request_bytes)) AS collections,
    count(*) FILTER (composite_unfit) AS apart,
    count(DISTINCT sf_pack(mate_place, $composite_rows, mate_bytes_before, $request_bytes)) FILTER (NOT composite_unfit) AS composite,
    count(DISTINCT sf_pack(mate_place, $collection_rows, mate_bytes_before, $request_bytes)) FILTER (composite_unfit) AS apart_collections,
    count(*) FILTER (bulk_unfit AND composite_unfit) AS unfit_apart,
    count(DISTINCT sf_pack(fit_place, $collection_rows, fit_bytes_before, $request_bytes)) FILTER (bulk_unfit) AS unfit_collections,
    count(DISTINCT sf_pack(fit_place, $composite_rows, fit_bytes_before, $request_bytes)) FILTER (bulk_unfit) AS unfit_composite,
    count(DISTINCT sf_pack(fit_place, $job_rows, fit_bytes_before, $job_bytes)) FILTER (NOT bulk_unfit) AS jobs
FROM plan_packing
GROUP BY object, operation
ORDER BY object, operation
