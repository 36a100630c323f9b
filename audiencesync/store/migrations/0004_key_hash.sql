-- 0004_key_hash: big tables meet by a hash of the key, which is a third of the work of meeting by its text.

ALTER TABLE store.acknowledged ADD COLUMN key_hash UBIGINT;
UPDATE store.acknowledged SET key_hash = hash(profile_key);

-- What DuckDB's hash() made of a text when `key_hash` was written; another version may make something else of it.
CREATE TABLE store.hash_canary AS SELECT hash('audiencesync') AS value;
