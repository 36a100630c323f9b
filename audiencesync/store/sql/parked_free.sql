-- parked_free: every parked row is looked at by the next plan that begins; one that has begun leaves it where it is.
-- writes: store.parked
UPDATE store.parked SET terms = NULL
