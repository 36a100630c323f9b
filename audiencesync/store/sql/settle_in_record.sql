-- settle_in_record: which record each profile is; it stays known after an exit.
-- reads: stage_settled
INSERT INTO store.record BY NAME
SELECT sync_id, profile_key, match_key, new_id AS salesforce_id, object
FROM stage_settled
WHERE NOT gone AND action <> 'delete'
