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
WITH packed AS (
    -- rows by the thousand have their packs in common, and what is counted once each is then little
    SELECT object, operation, bulk_unfit, composite_unfit, count(*) AS rows,
        sf_pack(place, $collection_rows, bytes_before, $request_bytes) AS collection,
        sf_pack(mate_place, CASE WHEN composite_unfit THEN $collection_rows ELSE $composite_rows END, mate_bytes_before, $request_bytes) AS mate,
        sf_pack(fit_place, CASE WHEN bulk_unfit THEN $collection_rows ELSE $job_rows END, fit_bytes_before, CASE WHEN bulk_unfit THEN $request_bytes ELSE $job_bytes END) AS fit,
        CASE WHEN bulk_unfit THEN sf_pack(fit_place, $composite_rows, fit_bytes_before, $request_bytes) END AS fit_composite
    FROM plan_packing
    GROUP BY ALL
)
SELECT object, operation, CAST(sum(rows) AS BIGINT) AS rows, CAST(coalesce(sum(rows) FILTER (bulk_unfit), 0) AS BIGINT) AS unfit,
    sf_packs(list(collection)) AS collections,
    CAST(coalesce(sum(rows) FILTER (composite_unfit), 0) AS BIGINT) AS apart,
    sf_packs(list(mate) FILTER (NOT composite_unfit)) AS composite,
    sf_packs(list(mate) FILTER (composite_unfit)) AS apart_collections,
    CAST(coalesce(sum(rows) FILTER (bulk_unfit AND composite_unfit), 0) AS BIGINT) AS unfit_apart,
    sf_packs(list(fit) FILTER (bulk_unfit)) AS unfit_collections,
    sf_packs(list(fit_composite)) AS unfit_composite,
    sf_packs(list(fit) FILTER (NOT bulk_unfit)) AS jobs
FROM packed
GROUP BY object, operation
ORDER BY object, operation
