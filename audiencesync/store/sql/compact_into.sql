-- compact_into: a new file with the tables of the store, empty.
-- template: path
ATTACH {{ path | text }} AS fresh;
COPY FROM DATABASE store TO fresh (SCHEMA)
