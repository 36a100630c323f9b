-- attach_source: open the user's DuckDB file for reading; unqualified names then resolve in it.
-- template: path, name (the file's own, where it can be: views in it may be written with it)
ATTACH IF NOT EXISTS {{ path | text }} AS {{ name | name }} (READ_ONLY);
-- as USE, and our macros are still found
SET search_path = {{ ((name | name) ~ ".main,memory.main") | text }}
