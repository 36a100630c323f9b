-- room_tables: the tables of the store.
-- returns: name VARCHAR, columns VARCHAR[]
-- grain  : one row a table, in the order of their names
SELECT table_name AS name, list(column_name ORDER BY column_index) AS columns
FROM duckdb_columns()
WHERE database_name = 'store'
GROUP BY table_name
ORDER BY table_name
