-- journal_move: the journal was taken into the inbox up to here.
-- params: $file, $byte, $latest (the time of the last change)
DELETE FROM store.journal_place;
INSERT INTO store.journal_place VALUES ($file, $byte, $latest::TIMESTAMP)
