-- alias_add: a key is given up for another, and so are those that were given up for it.
-- params: $previous, $key
INSERT INTO store.pushed_alias VALUES ($previous, $key)
