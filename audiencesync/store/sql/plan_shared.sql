-- plan_shared: how many records a plan is to write that are also those of members of another sync, which writes the same fields.
-- params : $name (the other sync), $fields VARCHAR[] (in small letters)
-- reads  : plan_change, store.sync, store.record, store.acknowledged
-- returns: records BIGINT
WITH near AS (
    SELECT record.sync_id, record.profile_key, record.key_hash, record.salesforce_id
    FROM store.record AS record
    SEMI JOIN (
        FROM plan_change
        WHERE verdict = 'send'
          AND (action = 'delete' OR list_has_any([lower(one) FOR one IN json_keys("after")], $fields))
    ) AS change ON sf_key_hash(change.salesforce_id) = record.id_hash AND NOT change.salesforce_id <> record.salesforce_id
    WHERE record.sync_id IN (SELECT sync_id FROM store.sync WHERE name = $name)
)
SELECT count(DISTINCT near.salesforce_id) AS records
FROM near
SEMI JOIN (
    FROM store.acknowledged WHERE key_hash IN (SELECT key_hash FROM near)  -- a few are found without a look at all
) AS state ON state.sync_id = near.sync_id AND state.profile_key = near.profile_key
