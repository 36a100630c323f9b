-- settle_out_record: make room for what was just accepted; a record that another profile was is hers no more.
-- reads: stage_settled
DELETE FROM store.record AS old
USING stage_settled AS settled
WHERE old.sync_id = settled.sync_id AND old.profile_key = settled.profile_key
  AND (settled.siblings = 1 OR old.salesforce_id = settled.salesforce_id);

-- a statement of its own: as an OR it would compare every record with every row
DELETE FROM store.record AS old
USING stage_settled AS settled
WHERE old.sync_id = settled.sync_id AND old.salesforce_id = settled.new_id
  AND old.profile_key <> settled.profile_key AND NOT settled.gone;
