-- sync_add: give a sync that runs for the first time its place.
-- params: $sync_id, $name, $object
INSERT INTO store.sync (sync_id, name, object)
SELECT $sync_id, $name, $object
WHERE NOT EXISTS (FROM store.sync WHERE sync_id = $sync_id)
