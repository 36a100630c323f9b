-- 0010_journal: up to where the journal beside the store was taken into the inbox. One row, once there was anything.
-- journal_place: file (its number), byte (in it)
CREATE TABLE store.journal_place (file BIGINT NOT NULL, byte BIGINT NOT NULL);
