-- detach_source: let go of the user's DuckDB file.
-- template: name
USE memory;
DETACH {{ name | name }}
