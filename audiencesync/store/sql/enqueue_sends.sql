-- enqueue_sends: the intents of one plan; updates and exits first, so that a match value that one record gives
--                up is free for the record that takes it.
-- params  : $run_id, $sync_id
-- template: words
INSERT INTO store.outbox BY NAME
SELECT $run_id AS run_id, $sync_id AS sync_id,
    row_number() OVER (ORDER BY operation = 'upsert', operation, profile_key) AS seq,
    NULL AS batch_id, 1 AS attempt,
    profile_key, match_value, match_key, salesforce_id, operation, action, reason, changed, payload, truncated,
    sf_bulk_unfit(changed) AS bulk_unfit,
    fingerprint
    {% for word in words %}, mask_{{ word }}{% endfor %}

FROM plan_change
WHERE verdict = 'send'
