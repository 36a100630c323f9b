-- attach_source: open the user's DuckDB file for reading; unqualified names then resolve in it.
-- template: path
ATTACH {{ path | text }} AS source (READ_ONLY);
USE source
