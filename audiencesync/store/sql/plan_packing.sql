-- plan_packing: the rows to send in the order they will travel, and where they stand among those like them. Rows
--               with one parent stand together: a parent is locked while a child is written.
-- reads  : plan_change
-- makes  : plan_packing; place and bytes_before count all rows of one object and operation, fit_... only those that
--          a Bulk CSV can carry, or only those that it cannot, mate_... only those that a Composite can carry, or only
--          those that it cannot
-- grain  : one row a row to send
CREATE OR REPLACE TEMP TABLE plan_packing AS
SELECT * EXCLUDE (apart, apart_bytes),
    CASE WHEN composite_unfit THEN apart - 1 ELSE place - apart END AS mate_place,
    CASE WHEN composite_unfit THEN apart_bytes - bytes ELSE bytes_before - apart_bytes END AS mate_bytes_before
FROM (
    SELECT *,
        row_number() OVER every_row - 1 AS place,
        sum(bytes) OVER every_row - bytes AS bytes_before,
        -- a FILTER here would be quadratic
        sum(CAST(composite_unfit AS BIGINT)) OVER every_row AS apart,
        sum(CASE WHEN composite_unfit THEN bytes ELSE 0 END) OVER every_row AS apart_bytes,
        row_number() OVER like_it - 1 AS fit_place,
        sum(bytes) OVER like_it - bytes AS fit_bytes_before
    FROM (
        SELECT * EXCLUDE (parent, profile_key, salesforce_id),
            row_number() OVER (ORDER BY operation, object, parent, profile_key, salesforce_id) AS seq
        FROM (
            SELECT rowid AS plan_row, object, operation, parent, profile_key, salesforce_id, bulk_unfit,
                -- in a Composite this begins a reference to another answer, and nothing writes it as text (salesforce/composite.py)
                operation <> 'delete' AND (contains(coalesce(match_value, ''), '@{') OR contains("after", '@{')) AS composite_unfit,
                8 + coalesce(strlen(match_value), 0) + value_bytes AS bytes
            FROM plan_change
            WHERE verdict = 'send'
        )
    )
    WINDOW
        every_row AS (PARTITION BY object, operation ORDER BY seq),
        like_it AS (PARTITION BY object, operation, bulk_unfit ORDER BY seq)
)
