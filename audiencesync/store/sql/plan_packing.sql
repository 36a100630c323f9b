-- plan_packing: the rows to send in the order they will travel, and where they stand among those like them. Rows
--               with one parent stand together: a parent is locked while a child is written.
-- template: many (rows go as they lie, but for their parents: what one job sends is then in one place of the outbox, and
--           read without the rest, and they need no sort)
-- reads   : plan_change
-- makes   : plan_packing; place and bytes_before count all rows of one object and operation, fit_... only those that
--           a Bulk CSV can carry, or only those that it cannot, mate_... only those that a Composite can carry, or only
--           those that it cannot
-- grain   : one row a row to send

-- objects and operations have numbers here: texts that are all alike, in front of the key, make a sort twice as dear
CREATE OR REPLACE TEMP TABLE plan_kind AS
SELECT object, operation, CAST(row_number() OVER (ORDER BY operation, object) AS UTINYINT) AS kind
FROM plan_change WHERE verdict = 'send' GROUP BY object, operation;

CREATE OR REPLACE TEMP TABLE plan_order AS
SELECT plan_change.rowid AS plan_row, kind, bulk_unfit,
    -- in a Composite this begins a reference to another answer, and nothing writes it as text (salesforce/composite.py)
    operation <> 'delete' AND (contains(coalesce(match_value, ''), '@{') OR contains("after", '@{')) AS composite_unfit,
    -- never less than a line of a file takes: an Id or match value with its quotes and the line end, and one for each quote
    -- that is doubled, which JSON escapes along with others
    greatest(18, coalesce(strlen(match_value), 0)) + 3 + value_bytes
        + CASE WHEN contains("after", '\') THEN strlen("after") - strlen(replace("after", '\', '')) ELSE 0 END AS bytes
FROM plan_change JOIN plan_kind USING (object, operation)
WHERE verdict = 'send'
ORDER BY kind, parent, {{ "plan_change.rowid" if many else "profile_key, salesforce_id" }};

CREATE OR REPLACE TEMP TABLE plan_packing AS
WITH behind AS MATERIALIZED (
    -- sums over the rows before each one, of all kinds, as the table lies: so they need neither a partition nor a sort.
    -- A FILTER here would be quadratic
    SELECT kind, plan_row, bulk_unfit, composite_unfit, rowid AS place,
        CAST(sum(bytes) OVER so_far AS BIGINT) - bytes AS bytes,
        CAST(sum(CAST(bulk_unfit AS BIGINT)) OVER so_far AS BIGINT) - CAST(bulk_unfit AS BIGINT) AS unfit,
        CAST(sum(CASE WHEN bulk_unfit THEN bytes ELSE 0 END) OVER so_far AS BIGINT) - CASE WHEN bulk_unfit THEN bytes ELSE 0 END AS unfit_bytes,
        CAST(sum(CAST(composite_unfit AS BIGINT)) OVER so_far AS BIGINT) - CAST(composite_unfit AS BIGINT) AS apart,
        CAST(sum(CASE WHEN composite_unfit THEN bytes ELSE 0 END) OVER so_far AS BIGINT) - CASE WHEN composite_unfit THEN bytes ELSE 0 END AS apart_bytes
    FROM plan_order
    WINDOW so_far AS (ROWS UNBOUNDED PRECEDING)
), before_kind AS (
    SELECT kind, min(place) AS place, min(bytes) AS bytes, min(unfit) AS unfit, min(unfit_bytes) AS unfit_bytes,
        min(apart) AS apart, min(apart_bytes) AS apart_bytes
    FROM behind GROUP BY kind
), own AS (
    SELECT behind.* REPLACE (
        behind.place - before_kind.place AS place, behind.bytes - before_kind.bytes AS bytes,
        behind.unfit - before_kind.unfit AS unfit, behind.unfit_bytes - before_kind.unfit_bytes AS unfit_bytes,
        behind.apart - before_kind.apart AS apart, behind.apart_bytes - before_kind.apart_bytes AS apart_bytes
    ), behind.place + 1 AS seq
    FROM behind JOIN before_kind ON before_kind.kind = behind.kind
)
SELECT object, operation, seq, plan_row, bulk_unfit, composite_unfit, place, bytes AS bytes_before,
    CASE WHEN bulk_unfit THEN unfit ELSE place - unfit END AS fit_place,
    CASE WHEN bulk_unfit THEN unfit_bytes ELSE bytes - unfit_bytes END AS fit_bytes_before,
    CASE WHEN composite_unfit THEN apart ELSE place - apart END AS mate_place,
    CASE WHEN composite_unfit THEN apart_bytes ELSE bytes - apart_bytes END AS mate_bytes_before
FROM own JOIN plan_kind USING (kind);

DROP TABLE plan_order;

DROP TABLE plan_kind
