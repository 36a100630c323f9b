-- sync_backfilling: every member of a sync is to be sent again; runs go on with those that are pending until one comes to its end.
-- params: $sync_id
UPDATE store.sync SET backfilling = true WHERE sync_id = $sync_id
