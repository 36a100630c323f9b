-- alias_move: what was given up for a key is given up for another.
-- params: $previous, $key
UPDATE store.pushed_alias SET profile_key = $key WHERE profile_key = $previous
