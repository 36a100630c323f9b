-- 0013_backfilling: whether somebody asked for every member to be sent again, and not all of them have been.
ALTER TABLE store.sync ADD COLUMN backfilling BOOLEAN;
