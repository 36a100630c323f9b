-- settle_in_payload: the values that Salesforce now has.
-- reads: stage_settled, store.outbox
INSERT INTO store.payload BY NAME
SELECT settled.sync_id, settled.profile_key, sf_key_hash(settled.profile_key) AS key_hash, coalesce(outbox.payload, outbox."after") AS fields
FROM stage_settled AS settled
JOIN store.outbox AS outbox ON outbox.batch_id = settled.batch_id AND outbox.seq = settled.seq
WHERE complete AND NOT gone AND settled.action NOT IN ('exit', 'delete')
