-- last: the rows of a file in their order, those that changed on the first of November at its end, as where they are appended.
-- template: rows, sorted (files)
SET preserve_insertion_order = true;

COPY (
    FROM {{ rows | text }} WHERE updated_at < TIMESTAMP '2026-11-01'
    UNION ALL
    FROM {{ rows | text }} WHERE updated_at >= TIMESTAMP '2026-11-01'
) TO {{ sorted | text }} (FORMAT parquet, COMPRESSION zstd)
