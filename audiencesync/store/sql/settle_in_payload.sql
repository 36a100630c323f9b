-- settle_in_payload: the values that Salesforce now has.
-- reads: stage_settled
INSERT INTO store.payload BY NAME
SELECT sync_id, profile_key, payload AS fields
FROM stage_settled
WHERE complete AND NOT gone AND action NOT IN ('exit', 'delete')
