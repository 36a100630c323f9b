-- settle_in_record: which records each profile is; they stay known after an exit. Of several that were found, one that
--                   was refused is known too: they are not looked up again.
-- params: $batch_id
-- reads : stage_settled, store.outbox, stage_result, store.record
INSERT INTO store.record BY NAME
WITH known AS (
    FROM store.record
    WHERE key_hash IN (SELECT sf_key_hash(profile_key) FROM store.outbox WHERE batch_id = $batch_id AND siblings > 1)
), found AS (
    SELECT sync_id, profile_key, match_key, new_id AS salesforce_id, object
    FROM stage_settled
    WHERE NOT gone AND action <> 'delete'
    UNION ALL
    SELECT outbox.sync_id, outbox.profile_key, outbox.match_key, outbox.salesforce_id, outbox.object
    FROM store.outbox AS outbox
    JOIN stage_result AS result ON result.seq = outbox.seq
    ANTI JOIN stage_settled AS settled ON settled.seq = outbox.seq
    ANTI JOIN known ON known.sync_id = outbox.sync_id AND known.profile_key = outbox.profile_key
        AND known.salesforce_id = outbox.salesforce_id
    WHERE outbox.batch_id = $batch_id AND outbox.siblings > 1 AND NOT result.accepted
)
SELECT *, sf_key_hash(profile_key) AS key_hash, sf_key_hash(match_key) AS match_hash, sf_key_hash(salesforce_id) AS id_hash
FROM found
