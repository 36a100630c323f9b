-- plan_change: what each differing member needs: which fields change, from what to what, and by which operation.
-- params  : $sync_id, $backfill (reason of a first or forced run), $everything (send unchanged fields too),
--           $rebased (fingerprints cannot be compared: the mapping changed), $match_fields VARCHAR[] (empty: each
--           member is a record of its own), $exact VARCHAR[] (match fields that tell case apart), $way (how records
--           are found: id, native, lookup, none), $mode, $on_multiple, $on_exit, $object, $omitted VARCHAR[] (fields
--           that the object tried first does not have), $audiences_field VARCHAR or NULL, $kept VARCHAR[] (fields
--           that an exit never clears), $checkboxes VARCHAR[] (fields that cannot be empty), $parent VARCHAR or NULL
--           (the field that names a row's parent)
-- template: words
-- reads   : plan_candidate, plan_rendered, plan_match, plan_acked, plan_record, store.record, store.acknowledged
-- makes   : plan_change; `verdict` says what becomes of the row: send, invalid, unmatched (there is no record that it
--           may write to), quiet (state only), forget (state only, the member is gone)
-- grain   : one row a candidate; one for each of its records when it has several
CREATE OR REPLACE TEMP TABLE plan_change AS
WITH own_record AS (
    SELECT profile_key, any_value(match_key) AS match_key, any_value(object) AS object,
        list(salesforce_id ORDER BY salesforce_id) FILTER (salesforce_id IS NOT NULL) AS ids
    FROM plan_record GROUP BY profile_key
), leaving AS (
    SELECT profile_key FROM plan_candidate WHERE NOT desired
), named AS (
    SELECT rendered.*,
        nullif(array_to_string(sf_match_values(payload, $match_fields), ' | '), '') AS match_value,
        sf_match_key(payload, $match_fields, $exact) AS match_key
    FROM plan_rendered AS rendered
), wanted_record AS (
    SELECT profile_key, match_key, salesforce_id
    FROM store.record SEMI JOIN named USING (match_key)
    WHERE sync_id = $sync_id
    UNION
    SELECT profile_key, match_key, salesforce_id
    FROM store.record SEMI JOIN plan_match USING (salesforce_id)
    WHERE sync_id = $sync_id
), holder AS (
    -- members who stay, and their records: nobody else may be taken for one of these
    SELECT record.profile_key, record.match_key, record.salesforce_id
    FROM wanted_record AS record
    SEMI JOIN (
        FROM store.acknowledged
        WHERE sync_id = $sync_id AND key_hash IN (SELECT sf_key_hash(profile_key) FROM wanted_record)
    ) AS state ON state.profile_key = record.profile_key
    WHERE record.profile_key NOT IN (FROM leaving)
), found AS (
    SELECT named.profile_key, any_value(match.object) AS object,
        list(match.salesforce_id ORDER BY match.created_at, match.salesforce_id) AS ids
    FROM named
    JOIN plan_match AS match ON match.match_key = named.match_key
    ANTI JOIN holder ON holder.salesforce_id = match.salesforce_id AND holder.profile_key <> named.profile_key
    GROUP BY named.profile_key
), member AS (
    SELECT
        named.*,
        CASE WHEN $way = 'id' THEN [named.match_value]
             WHEN len(own_record.ids) > 0 THEN own_record.ids
             WHEN len(found.ids) > 1 AND $on_multiple = 'oldest' THEN found.ids[:1]
             WHEN len(found.ids) > 1 AND $on_multiple = 'newest' THEN found.ids[-1:]
             ELSE coalesce(found.ids, []) END AS ids,
        len(found.ids) > 1 AND $on_multiple = 'reject' AND $mode <> 'create_only' AND coalesce(len(own_record.ids), 0) = 0 AS ambiguous,
        coalesce(CASE WHEN len(own_record.ids) > 0 THEN own_record.object ELSE found.object END, $object) AS object,
        own_record.match_key AS old_match_key,
        acked.fields AS acked_fields
    FROM named
    LEFT JOIN plan_acked AS acked ON acked.profile_key = named.profile_key
    LEFT JOIN own_record ON own_record.profile_key = named.profile_key
    LEFT JOIN found ON found.profile_key = named.profile_key
), differing AS (
    SELECT * EXCLUDE (acked_fields),
        map_from_entries(list_transform(
            list_filter(map_entries(payload), lambda field:
                ($everything OR NOT known OR NOT coalesce(map_contains(acked_fields, field.key), false)
                 OR acked_fields[field.key] IS DISTINCT FROM field.value)
                AND field.key <> 'Id' AND (object = $object OR NOT list_contains($omitted, field.key))),
            lambda field: {'k': field.key, 'v': {'before': acked_fields[field.key], 'after': field.value}}
        )) AS changed,
        CASE WHEN acked_fields IS NULL THEN payload ELSE map_concat(acked_fields, payload) END AS new_payload
    FROM member
), unclaimed AS (
    SELECT match.match_key, any_value(match.object) AS object, list(match.salesforce_id) AS ids
    FROM plan_match AS match
    ANTI JOIN holder ON holder.salesforce_id = match.salesforce_id
    WHERE $mode <> 'create_only'  -- what was there before us is never touched
    GROUP BY match.match_key
), leaver AS (
    SELECT
        candidate.*,
        coalesce(own_record.ids, unclaimed.ids, []) AS ids,
        coalesce(own_record.object, unclaimed.object, $object) AS object,
        own_record.match_key,
        nullif(array_to_string(sf_match_values(acked.fields, $match_fields), ' | '), '') AS match_value,
        acked.fields[$parent] AS parent,
        map_from_entries(list_transform(
            list_filter(map_entries(acked.fields), lambda field:
                CASE $on_exit WHEN 'clear_audiences' THEN field.key = $audiences_field
                              WHEN 'clear_all' THEN NOT list_contains($kept, field.key) ELSE false END
                AND $mode <> 'create_only'
                AND field.key <> 'Id' AND (coalesce(own_record.object, $object) = $object OR NOT list_contains($omitted, field.key))
                AND field.value IS DISTINCT FROM (CASE WHEN list_contains($checkboxes, field.key) THEN 'false' END)),
            lambda field: {'k': field.key, 'v': {
                'before': field.value, 'after': CASE WHEN list_contains($checkboxes, field.key) THEN 'false' END}}
        )) AS changed
    FROM plan_candidate AS candidate
    LEFT JOIN plan_acked AS acked ON acked.profile_key = candidate.profile_key
    LEFT JOIN own_record ON own_record.profile_key = candidate.profile_key
    LEFT JOIN unclaimed ON unclaimed.match_key = own_record.match_key
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
        SELECT DISTINCT profile_key, match_key, true
        FROM holder
        WHERE match_key IN (SELECT match_key FROM member) AND profile_key NOT IN (SELECT profile_key FROM member)
    )
    WHERE match_key IS NOT NULL
    WINDOW by_match AS (PARTITION BY match_key ORDER BY holds DESC, profile_key)
), same_record AS (
    SELECT profile_key, any_value(winner) FILTER (winner <> profile_key) AS winner
    FROM (
        SELECT profile_key, first_value(profile_key) OVER (PARTITION BY left(id, 15) ORDER BY profile_key) AS winner
        FROM (SELECT profile_key, unnest(ids) AS id FROM member)
    )
    GROUP BY profile_key
), judged AS (
    SELECT differing.*,
        CASE
            WHEN len(problems) > 0 THEN problems[1].code
            WHEN len($match_fields) > 0 AND differing.match_key IS NULL THEN 'MATCH_VALUE_MISSING'
            WHEN claim.winner <> differing.profile_key THEN 'DUPLICATE_MATCH_VALUE'
            WHEN ambiguous THEN 'DUPLICATE_EXTERNAL_ID'
            WHEN same_record.winner IS NOT NULL THEN 'DUPLICATE_RECORD'
        END AS error_code,
        CASE
            WHEN len(problems) > 0 THEN array_to_string(list_transform(problems, lambda problem: problem.message), '; ')
            WHEN len($match_fields) > 0 AND differing.match_key IS NULL
            THEN array_to_string(list_filter($match_fields, lambda name: payload[name] IS NULL), ' and ') || ' is empty, and it identifies the record'
            WHEN claim.winner <> differing.profile_key THEN 'profile ' || claim.winner || ' has the same ' || array_to_string($match_fields, ' and ') || ' and is the one that is sent'
            WHEN ambiguous THEN 'several records have this ' || array_to_string($match_fields, ' and ') || '; merge them, or say in on_multiple which are meant'
            WHEN same_record.winner IS NOT NULL THEN 'profile ' || same_record.winner || ' is the same record and is the one that is sent'
        END AS error_message
    FROM differing
    LEFT JOIN claim ON claim.profile_key = differing.profile_key AND claim.match_key = differing.match_key
    LEFT JOIN same_record ON same_record.profile_key = differing.profile_key
), retaken AS (
    SELECT gone.profile_key
    FROM (SELECT profile_key, unnest(ids) AS id FROM leaver) AS gone
    SEMI JOIN (SELECT unnest(ids) AS id FROM judged WHERE error_code IS NULL) AS taken USING (id)
), needed AS (
    SELECT
        profile_key, match_value, match_key, object, payload[$parent] AS parent,
        CASE WHEN len(judged.ids) = 0 THEN [NULL] ELSE judged.ids END AS ids,
        CASE WHEN len(judged.ids) > 0 THEN 'update' WHEN $way = 'native' THEN 'upsert' ELSE 'insert' END AS operation,
        CASE WHEN len(judged.ids) = 0 AND NOT (known AND $way = 'native') THEN 'create' ELSE 'update' END AS action,
        CASE
            WHEN $backfill THEN 'backfill'
            WHEN NOT known THEN 'entered'
            WHEN {% for word in words %}(mask_{{ word }} & ~old_mask_{{ word }}) <> 0{{ " OR " if not loop.last }}{% endfor %} THEN 'entered'
            WHEN {% for word in words %}mask_{{ word }} <> old_mask_{{ word }}{{ " OR " if not loop.last }}{% endfor %} THEN 'exited'
            WHEN $rebased THEN 'mapping_changed'
            ELSE 'trigger'
        END AS reason,
        -- a record whose Id is unknown is found by its match value or made anew, so all of it travels
        CASE WHEN len(judged.ids) = 0 AND known
             THEN map_from_entries(list_transform(map_entries(payload), lambda field: {'k': field.key, 'v': {'before': changed[field.key].before, 'after': field.value}}))
             ELSE changed END AS changed,
        new_payload AS payload, truncated, fingerprint, row_hash, known, true AS desired,
        {% for word in words %}mask_{{ word }}, {% endfor %}
        error_code, error_message,
        CASE WHEN $mode = 'create_only' AND known THEN 'quiet'
             WHEN error_code IS NOT NULL THEN 'invalid'
             WHEN $mode = 'create_only' AND len(judged.ids) > 0 THEN 'quiet'
             WHEN $mode = 'update_only' AND len(judged.ids) = 0 THEN 'unmatched'
             WHEN known AND cardinality(changed) = 0 THEN 'quiet'
             ELSE 'send' END AS verdict
    FROM judged
    UNION ALL BY NAME
    SELECT
        profile_key, match_value, match_key, object, parent, ids,
        CASE WHEN $on_exit = 'delete' THEN 'delete' ELSE 'update' END AS operation,
        CASE WHEN $on_exit = 'delete' THEN 'delete' ELSE 'exit' END AS action,
        'exited' AS reason,
        changed, MAP {} AS payload, []::VARCHAR[] AS truncated, NULL AS fingerprint, NULL AS row_hash, known, false AS desired,
        {% for word in words %}0::BIGINT AS mask_{{ word }}, {% endfor %}
        NULL AS error_code, NULL AS error_message,
        CASE WHEN len(ids) = 0 THEN 'forget'  -- an exit creates nothing
             -- another member's upsert is about to find the record
             WHEN $way = 'native' AND match_key IN (SELECT match_key FROM judged WHERE error_code IS NULL AND len(ids) = 0)
             THEN 'forget'
             WHEN profile_key IN (FROM retaken) THEN 'forget'
             WHEN $on_exit = 'delete' OR cardinality(changed) > 0 THEN 'send'
             ELSE 'forget' END AS verdict
    FROM leaver
)
SELECT row_number() OVER () AS plan_row, *, sf_bulk_unfit(changed) AS bulk_unfit
FROM (
    SELECT * EXCLUDE (ids), unnest(CASE WHEN verdict = 'send' THEN ids ELSE [ids[1]] END) AS salesforce_id,
        CASE WHEN verdict = 'send' THEN len(ids) ELSE 1 END AS siblings
    FROM needed
)
