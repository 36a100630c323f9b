-- 0003_parked: rows that would be refused again as they are wait here until something about them changes.

-- `row_hash` and the masks say what a row was like when it was parked: all that is read of it, trigger field or not;
-- no hash for an exit. `claim` is the match key or record that another member had. Mask columns are those of the state.
CREATE TABLE store.parked AS
SELECT sync_id, profile_key, fingerprint AS row_hash, COLUMNS('^mask_'), NULL::VARCHAR AS claim,
    NULL::VARCHAR AS error_code, NULL::VARCHAR AS run_id, NULL::TIMESTAMP AS parked_at
FROM store.acknowledged
WITH NO DATA;

ALTER TABLE store.outbox ADD COLUMN row_hash UBIGINT;
