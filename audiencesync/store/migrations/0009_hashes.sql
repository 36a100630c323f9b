-- 0009_hashes: payloads and records too are found by hashes. A few among ten million are found by a number in a seventh of
-- the time that a text takes.
ALTER TABLE store.payload ADD COLUMN key_hash UBIGINT;
UPDATE store.payload SET key_hash = hash(profile_key);
ALTER TABLE store.record ADD COLUMN key_hash UBIGINT;
ALTER TABLE store.record ADD COLUMN match_hash UBIGINT;
ALTER TABLE store.record ADD COLUMN id_hash UBIGINT;
UPDATE store.record SET key_hash = hash(profile_key), match_hash = hash(match_key), id_hash = hash(salesforce_id);
