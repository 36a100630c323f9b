-- parked_drop: let go of every parked row.
-- writes: store.parked
DELETE FROM store.parked
