-- enqueue_sends: the intents of one plan, each with the request or job that will carry it.
-- params  : $run_id, $sync_id, $collection_rows, $job_rows, $job_bytes, $request_bytes
-- template: words
-- reads   : plan_change, plan_packing, stage_route (object, operation, bulk BOOLEAN, request VARCHAR, request_rows)
INSERT INTO store.outbox BY NAME
SELECT $run_id AS run_id, $sync_id AS sync_id, seq, NULL AS batch_id, 1 AS attempt,
    profile_key, match_value, match_key, salesforce_id, plan_change.object, plan_change.operation, action, reason, "after", "before", payload, truncated,
    siblings, plan_change.bulk_unfit,
    CASE WHEN bulk AND NOT plan_change.bulk_unfit THEN 'bulk' WHEN request = 'composite' AND composite_unfit THEN 'collections' ELSE request END AS route,
    CASE WHEN bulk AND NOT plan_change.bulk_unfit THEN sf_pack(fit_place, $job_rows, fit_bytes_before, $job_bytes)
         WHEN bulk THEN sf_pack(fit_place, request_rows, fit_bytes_before, $request_bytes)
         WHEN request = 'composite' AND composite_unfit THEN sf_pack(mate_place, $collection_rows, mate_bytes_before, $request_bytes)
         WHEN request = 'composite' THEN sf_pack(mate_place, request_rows, mate_bytes_before, $request_bytes)
         ELSE sf_pack(place, request_rows, bytes_before, $request_bytes) END AS pack,
    fingerprint, row_hash
    {% for word in words %}, mask_{{ word }}{% endfor %}

FROM plan_change
JOIN plan_packing AS packing ON packing.plan_row = plan_change.rowid
JOIN stage_route AS choice ON choice.object = plan_change.object AND choice.operation = plan_change.operation
