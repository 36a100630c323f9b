-- mask_words: how many 63-bit words the masks of a stored table have.
-- returns: words BIGINT
SELECT count(*) AS words
FROM duckdb_columns()
WHERE database_name = 'store' AND table_name = 'acknowledged' AND starts_with(column_name, 'mask_')
