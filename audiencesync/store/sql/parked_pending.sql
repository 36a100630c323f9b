-- parked_pending: parked rows that are about to be let go are looked at by the next plan, whatever the source says.
-- writes: store.pending
INSERT INTO store.pending SELECT sync_id, profile_key FROM store.parked
