-- batch_fields: every field that any row of a batch sends.
-- params : $batch_id
-- returns: field VARCHAR
SELECT DISTINCT unnest(json_keys("after")) AS field FROM store.outbox WHERE batch_id = $batch_id ORDER BY field
