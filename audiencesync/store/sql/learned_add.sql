-- learned_add: what an org does not take.
-- params: $fact, $now
INSERT INTO store.learned VALUES ($fact, $now)
