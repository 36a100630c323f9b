-- attached_list: databases of the user that are attached beside the store.
-- returns: name VARCHAR
SELECT database_name AS name
FROM duckdb_databases()
WHERE NOT internal AND database_name NOT IN ('store', 'memory')
