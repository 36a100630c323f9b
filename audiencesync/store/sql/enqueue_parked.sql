-- enqueue_parked: rows that we stopped ourselves are parked, and members without a record, who may not be given one.
-- params  : $run_id, $sync_id, $terms, $now
-- template: words
-- reads   : plan_change
INSERT INTO store.parked BY NAME
SELECT DISTINCT ON (profile_key) $sync_id AS sync_id, profile_key, row_hash
    {% for word in words %}, mask_{{ word }}{% endfor %},
    CASE error_code WHEN 'DUPLICATE_MATCH_VALUE' THEN match_key
                    WHEN 'DUPLICATE_RECORD' THEN left(salesforce_id, 15) END AS claim,
    coalesce(error_code, 'NO_RECORD') AS error_code, $run_id AS run_id, $terms AS terms, $now AS parked_at
FROM plan_change
WHERE verdict IN ('invalid', 'unmatched')
