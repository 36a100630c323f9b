-- plan_change: what each differing member needs: which fields change, from what to what, and by which operation.
-- params  : $sync_id, $backfill (reason of a first or forced run), $everything (send unchanged fields too),
--           $rebased (fingerprints cannot be compared: the mapping changed), $match_field VARCHAR or NULL,
--           $on_exit, $audiences_field VARCHAR or NULL, $kept VARCHAR[] (fields that an exit never clears),
--           $checkboxes VARCHAR[] (fields that cannot be empty)
-- template: words
-- reads   : plan_candidate, plan_rendered, store.payload, store.record, store.acknowledged
-- makes   : plan_change; `verdict` says what becomes of the row: send, invalid, quiet (state only), forget (state
--           only, the member is gone)
-- grain   : one row a candidate
CREATE OR REPLACE TEMP TABLE plan_change AS
WITH member AS (
    SELECT
        rendered.* EXCLUDE (problems), problems,
        record.salesforce_id,
        record.match_key AS old_match_key,
        rendered.payload[$match_field] AS match_value,
        sf_match_key(rendered.payload[$match_field]) AS match_key,
        map_from_entries(list_transform(
            list_filter(map_entries(rendered.payload), lambda field:
                $everything OR NOT known OR NOT coalesce(map_contains(acked.fields, field.key), false)
                OR acked.fields[field.key] IS DISTINCT FROM field.value),
            lambda field: {'k': field.key, 'v': {'before': acked.fields[field.key], 'after': field.value}}
        )) AS changed,
        coalesce(map_concat(acked.fields, rendered.payload), rendered.payload) AS new_payload
    FROM plan_rendered AS rendered
    LEFT JOIN store.payload AS acked ON acked.sync_id = $sync_id AND acked.profile_key = rendered.profile_key
    LEFT JOIN store.record AS record ON record.sync_id = $sync_id AND record.profile_key = rendered.profile_key
), leaver AS (
    SELECT
        candidate.*,
        record.salesforce_id,
        record.match_key,
        acked.fields[$match_field] AS match_value,
        map_from_entries(list_transform(
            list_filter(map_entries(acked.fields), lambda field:
                CASE $on_exit WHEN 'clear_audiences' THEN field.key = $audiences_field
                              WHEN 'clear_all' THEN NOT list_contains($kept, field.key) ELSE false END
                AND field.value IS DISTINCT FROM (CASE WHEN list_contains($checkboxes, field.key) THEN 'false' END)),
            lambda field: {'k': field.key, 'v': {
                'before': field.value, 'after': CASE WHEN list_contains($checkboxes, field.key) THEN 'false' END}}
        )) AS changed
    FROM plan_candidate AS candidate
    LEFT JOIN store.payload AS acked ON acked.sync_id = $sync_id AND acked.profile_key = candidate.profile_key
    LEFT JOIN store.record AS record ON record.sync_id = $sync_id AND record.profile_key = candidate.profile_key
    WHERE NOT candidate.desired
), claim AS (
    -- who may have a match value: members who hold it already, then the smallest key
    SELECT match_key, profile_key,
        first_value(profile_key) OVER by_match AS winner
    FROM (
        SELECT profile_key, match_key, known AND match_key IS NOT DISTINCT FROM old_match_key AS holds
        FROM member
        WHERE len(problems) = 0 OR match_key IS NOT DISTINCT FROM old_match_key
        UNION ALL
        SELECT state.profile_key, record.match_key, true
        FROM store.acknowledged AS state
        JOIN store.record AS record ON record.sync_id = $sync_id AND record.profile_key = state.profile_key
        WHERE state.sync_id = $sync_id
          AND record.match_key IN (SELECT match_key FROM member)
          AND state.profile_key NOT IN (SELECT profile_key FROM plan_candidate WHERE NOT desired)
          AND state.profile_key NOT IN (SELECT profile_key FROM member)
    )
    WHERE match_key IS NOT NULL
    WINDOW by_match AS (PARTITION BY match_key ORDER BY holds DESC, profile_key)
), same_record AS (
    SELECT profile_key, first_value(profile_key) OVER (PARTITION BY salesforce_id ORDER BY profile_key) AS winner
    FROM member WHERE salesforce_id IS NOT NULL
), judged AS (
    SELECT member.*,
        CASE
            WHEN len(problems) > 0 THEN problems[1].code
            WHEN $match_field IS NOT NULL AND member.match_key IS NULL THEN 'MATCH_VALUE_MISSING'
            WHEN claim.winner <> member.profile_key THEN 'DUPLICATE_MATCH_VALUE'
            WHEN same_record.winner <> member.profile_key THEN 'DUPLICATE_RECORD'
        END AS error_code,
        CASE
            WHEN len(problems) > 0 THEN array_to_string(list_transform(problems, lambda problem: problem.message), '; ')
            WHEN $match_field IS NOT NULL AND member.match_key IS NULL THEN $match_field || ' is empty, and it identifies the record'
            WHEN claim.winner <> member.profile_key THEN 'profile ' || claim.winner || ' has the same ' || $match_field || ' and is the one that is sent'
            WHEN same_record.winner <> member.profile_key THEN 'profile ' || same_record.winner || ' is the same record and is the one that is sent'
        END AS error_message
    FROM member
    LEFT JOIN claim ON claim.profile_key = member.profile_key AND claim.match_key = member.match_key
    LEFT JOIN same_record ON same_record.profile_key = member.profile_key
)
SELECT
    profile_key, match_value, match_key, salesforce_id,
    CASE WHEN salesforce_id IS NULL THEN 'upsert' ELSE 'update' END AS operation,
    CASE WHEN salesforce_id IS NULL AND NOT known THEN 'create' ELSE 'update' END AS action,
    CASE
        WHEN $backfill THEN 'backfill'
        WHEN NOT known THEN 'entered'
        WHEN {% for word in words %}(mask_{{ word }} & ~old_mask_{{ word }}) <> 0{{ " OR " if not loop.last }}{% endfor %} THEN 'entered'
        WHEN {% for word in words %}mask_{{ word }} <> old_mask_{{ word }}{{ " OR " if not loop.last }}{% endfor %} THEN 'exited'
        WHEN $rebased THEN 'mapping_changed'
        ELSE 'trigger'
    END AS reason,
    -- a record whose Id is unknown is found by its match value, so all of it travels
    CASE WHEN salesforce_id IS NULL AND known
         THEN map_from_entries(list_transform(map_entries(payload), lambda field: {'k': field.key, 'v': {'before': changed[field.key].before, 'after': field.value}}))
         ELSE changed END AS changed,
    new_payload AS payload, truncated, fingerprint, known, true AS desired,
    {% for word in words %}mask_{{ word }}, {% endfor %}
    error_code, error_message,
    CASE WHEN error_code IS NOT NULL THEN 'invalid'
         WHEN known AND cardinality(changed) = 0 THEN 'quiet'
         ELSE 'send' END AS verdict
FROM judged
UNION ALL BY NAME
SELECT
    profile_key, match_value, match_key, salesforce_id,
    CASE WHEN $on_exit = 'delete' THEN 'delete' ELSE 'update' END AS operation,
    CASE WHEN $on_exit = 'delete' THEN 'delete' ELSE 'exit' END AS action,
    'exited' AS reason,
    changed, MAP {} AS payload, []::VARCHAR[] AS truncated, NULL AS fingerprint, known, false AS desired,
    {% for word in words %}0::BIGINT AS mask_{{ word }}, {% endfor %}
    NULL AS error_code, NULL AS error_message,
    CASE WHEN match_key IN (SELECT match_key FROM judged WHERE error_code IS NULL) THEN 'forget'
         WHEN salesforce_id IN (SELECT salesforce_id FROM judged WHERE error_code IS NULL) THEN 'forget'
         WHEN $on_exit = 'delete' OR cardinality(changed) > 0 THEN 'send'
         ELSE 'forget' END AS verdict
FROM leaver
