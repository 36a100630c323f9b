-- plan_packing: the rows to send in the order they will travel, and where they stand among those like them. Rows
--               with one parent stand together: a parent is locked while a child is written.
-- reads  : plan_change
-- makes  : plan_packing; place and bytes_before count all rows of one object and operation, fit_... only those that
--          a Bulk CSV can carry, or only those that it cannot, mate_... only those that a Composite can carry, or only
--          those that it cannot
-- grain  : one row a row to send

-- objects and operations have numbers here: texts that are all alike, in front of the key, make a sort twice as dear
CREATE OR REPLACE TEMP TABLE plan_kind AS
SELECT object, operation, CAST(row_number() OVER (ORDER BY operation, object) AS UTINYINT) AS kind
FROM plan_change WHERE verdict = 'send' GROUP BY object, operation;

CREATE OR REPLACE TEMP TABLE plan_order AS
SELECT plan_change.rowid AS plan_row, kind, bulk_unfit,
    -- in a Composite this begins a reference to another answer, and nothing writes it as text (salesforce/composite.py)
    operation <> 'delete' AND (contains(coalesce(match_value, ''), '@{') OR contains("after", '@{')) AS composite_unfit,
    8 + coalesce(strlen(match_value), 0) + value_bytes AS bytes
FROM plan_change JOIN plan_kind USING (object, operation)
WHERE verdict = 'send'
-- many go as they lie, block by block: what one job sends is then in one place of the outbox, and read without the rest
ORDER BY kind, parent, plan_change.rowid // 122880, profile_key, salesforce_id;

CREATE OR REPLACE TEMP TABLE plan_packing AS
SELECT object, operation, seq, plan_row, bulk_unfit, composite_unfit, place, bytes_before,
    CASE WHEN bulk_unfit THEN unfit - 1 ELSE place - unfit END AS fit_place,
    CASE WHEN bulk_unfit THEN unfit_bytes - bytes ELSE bytes_before - unfit_bytes END AS fit_bytes_before,
    CASE WHEN composite_unfit THEN apart - 1 ELSE place - apart END AS mate_place,
    CASE WHEN composite_unfit THEN apart_bytes - bytes ELSE bytes_before - apart_bytes END AS mate_bytes_before
FROM (
    -- a FILTER here would be quadratic
    SELECT *, rowid + 1 AS seq,
        row_number() OVER so_far - 1 AS place,
        CAST(sum(bytes) OVER so_far AS BIGINT) - bytes AS bytes_before,
        CAST(count(CASE WHEN bulk_unfit THEN 1 END) OVER so_far AS BIGINT) AS unfit,
        CAST(sum(CASE WHEN bulk_unfit THEN bytes ELSE 0 END) OVER so_far AS BIGINT) AS unfit_bytes,
        count(nullif(composite_unfit, false)) OVER so_far AS apart,
        CAST(sum(CASE WHEN composite_unfit THEN bytes ELSE 0 END) OVER so_far AS BIGINT) AS apart_bytes
    FROM plan_order
    WINDOW so_far AS (PARTITION BY kind ORDER BY rowid ROWS UNBOUNDED PRECEDING)
)
JOIN plan_kind USING (kind);

DROP TABLE plan_order;

DROP TABLE plan_kind
