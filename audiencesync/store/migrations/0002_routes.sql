-- 0002_routes: rows know their object and the request or job they will travel in; what an org taught us is kept.

-- A sync may write to two objects (a Contact where there is one, else a Lead). NULL: the sync's own object.
ALTER TABLE store.record ADD COLUMN object VARCHAR;

-- `route` and `pack` say which request or job carries a row; no pack: it waits for another attempt. `siblings` is
-- the number of records that one profile is written to; its state moves when all of them are.
ALTER TABLE store.outbox ADD COLUMN object VARCHAR;
ALTER TABLE store.outbox ADD COLUMN route VARCHAR;
ALTER TABLE store.outbox ADD COLUMN pack BIGINT;
ALTER TABLE store.outbox ADD COLUMN siblings INTEGER DEFAULT 1;
ALTER TABLE store.batch ADD COLUMN object VARCHAR;

-- What an org does not take, so that it is not tried at every run.
CREATE TABLE store.learned (fact VARCHAR NOT NULL, learned_at TIMESTAMP NOT NULL);
