-- settle_out_record: make room for what was just accepted; a record that another profile was is hers no more.
-- reads: stage_settled
-- makes: stage_bereft(sync_id, profile_key): profiles whose last record is another's now
DELETE FROM store.record
WHERE key_hash IN (SELECT sf_key_hash(profile_key) FROM stage_settled)
  AND ((sync_id, profile_key) IN (SELECT sync_id, profile_key FROM stage_settled WHERE siblings = 1)
    OR (sync_id, profile_key, salesforce_id) IN (SELECT sync_id, profile_key, salesforce_id FROM stage_settled));

-- a statement of its own: as an OR it would compare every record with every row
CREATE OR REPLACE TEMP TABLE stage_taken AS
SELECT near.row, near.sync_id, near.profile_key
FROM (
    SELECT record.rowid AS row, record.sync_id, record.profile_key, record.salesforce_id
    FROM store.record
    WHERE id_hash IN (SELECT sf_key_hash(new_id) FROM stage_settled WHERE NOT gone)
) AS near
JOIN stage_settled AS settled
  ON near.sync_id = settled.sync_id AND near.salesforce_id = settled.new_id AND near.profile_key <> settled.profile_key
WHERE NOT settled.gone;

DELETE FROM store.record WHERE rowid IN (SELECT row FROM stage_taken);

CREATE OR REPLACE TEMP TABLE stage_bereft AS
SELECT DISTINCT sync_id, profile_key
FROM stage_taken
ANTI JOIN (
    FROM store.record WHERE key_hash IN (SELECT sf_key_hash(profile_key) FROM stage_taken)
) AS left_over USING (sync_id, profile_key)
