-- journal_place: up to where the journal was taken into the inbox.
-- reads  : store.journal_place
-- returns: file, byte BIGINT (0 when nothing was), latest TIMESTAMP (that any change has; NULL when none was)
SELECT coalesce(max(file), 0) AS file, coalesce(max(byte), 0) AS byte, max(latest) AS latest FROM store.journal_place
