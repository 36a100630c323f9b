-- 0006_texts: field values are kept as JSON texts. As MAP columns they took six times the
-- work to make and to write. zstd, named here, is not tried by itself: half the work and 0.6 of the room of what is.

-- `after` is what a push sends, field -> value; `before` what was there, without what was empty, or nothing at all.
ALTER TABLE store.ledger ADD COLUMN "after" VARCHAR USING COMPRESSION zstd;
ALTER TABLE store.ledger ADD COLUMN "before" VARCHAR USING COMPRESSION zstd;
UPDATE store.ledger SET
    "after" = CAST(to_json(map_from_entries(list_transform(map_entries(changed), lambda field: {'k': field.key, 'v': field.value."after"}))) AS VARCHAR),
    "before" = nullif(CAST(to_json(map_from_entries(list_transform(
        list_filter(map_entries(changed), lambda field: field.value."before" IS NOT NULL),
        lambda field: {'k': field.key, 'v': field.value."before"}))) AS VARCHAR), '{}');
ALTER TABLE store.ledger DROP COLUMN changed;

-- `payload` of an intent: all that the record then holds; nothing when that is what is sent.
ALTER TABLE store.outbox ADD COLUMN "after" VARCHAR USING COMPRESSION zstd;
ALTER TABLE store.outbox ADD COLUMN "before" VARCHAR USING COMPRESSION zstd;
ALTER TABLE store.outbox ADD COLUMN held VARCHAR USING COMPRESSION zstd;
UPDATE store.outbox SET
    "after" = CAST(to_json(map_from_entries(list_transform(map_entries(changed), lambda field: {'k': field.key, 'v': field.value."after"}))) AS VARCHAR),
    "before" = nullif(CAST(to_json(map_from_entries(list_transform(
        list_filter(map_entries(changed), lambda field: field.value."before" IS NOT NULL),
        lambda field: {'k': field.key, 'v': field.value."before"}))) AS VARCHAR), '{}'),
    held = CAST(to_json(payload) AS VARCHAR);
ALTER TABLE store.outbox DROP COLUMN changed;
ALTER TABLE store.outbox DROP COLUMN payload;
ALTER TABLE store.outbox RENAME COLUMN held TO payload;

-- not zstd here: of these a few are read from all over the table, which would unpack all of it
ALTER TABLE store.payload ADD COLUMN held VARCHAR;
UPDATE store.payload SET held = CAST(to_json(fields) AS VARCHAR);
ALTER TABLE store.payload DROP COLUMN fields;
ALTER TABLE store.payload RENAME COLUMN held TO fields;
