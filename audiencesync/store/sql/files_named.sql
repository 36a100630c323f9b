-- files_named: the files that an argument of read_json and the like stands for.
-- template: files (SQL: a name or pattern, or a list of such)
-- returns : file VARCHAR
-- grain   : one row a file
SELECT DISTINCT file FROM glob({{ files }}) ORDER BY file
