-- journal_move: the journal was taken into the inbox up to here.
-- params: $file, $byte
-- reads : store.inbox
-- writes: store.journal_place; no change was ever dated later than `latest`
INSERT INTO store.journal_place
SELECT $file, $byte, greatest(max(latest), (SELECT max(received_at) FROM store.inbox)) FROM store.journal_place;
DELETE FROM store.journal_place WHERE (file, byte) <> ($file, $byte)
