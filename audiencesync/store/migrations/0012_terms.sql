-- 0012_terms: under which terms rows were refused: the mapping and the options of their sync (plan/sources.py). A row that
-- was parked or sent before has none, and is tried once more.
ALTER TABLE store.parked ADD COLUMN terms VARCHAR;
ALTER TABLE store.batch ADD COLUMN terms VARCHAR;
