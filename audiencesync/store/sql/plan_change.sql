-- plan_change: what each differing member needs: which fields change, from what to what, and by which operation.
-- params  : $backfill (reason of a first or forced run), $everything (send unchanged fields too), $rebased (fingerprints
--           cannot be compared: the mapping changed), $way (how records are found: id, native, lookup, none), $mode,
--           $on_exit, $object, $omitted VARCHAR[] (fields that the object tried first does not have), $audiences_field
--           VARCHAR or NULL, $kept VARCHAR[] (Object.Field of what an exit never clears), $checkboxes VARCHAR[] (fields
--           that cannot be empty)
-- template: words, fields (plan/fields.py), leavers (who is no member now is decided along), omitted (names of those that the object tried
--           first does not have), parent (value of the field that names a row's parent, or nothing), part (rows of
--           plan_rendered from part.start to part.end; a later part is added to those before)
-- reads   : plan_candidate, plan_rendered, plan_identity, plan_match, plan_acked, plan_record, plan_holder
-- makes   : plan_change; `verdict` says what becomes of the row: send, invalid, unmatched (there is no record that it
--           may write to), quiet (state only), forget (state only, the member is gone), wait (she is gone, and another
--           member takes her record: nothing changes before that is accepted). `after` is what is sent and
--           `before` what was there, `payload` what the record then holds, NULL for no more than `after` (JSON: field ->
--           value); whole: every field is sent; value_bytes of what is sent, each value quoted, and a comma a column;
--           clears: filled values that become empty; leads: the first of her rows
-- grain   : one row a candidate; one for each of its records when it has several
{% set sent %}[{% for field in fields %}CASE WHEN sent_{{ loop.index0 }} THEN coalesce(value_{{ loop.index0 }}, 'null') END{{ ", " if not loop.last }}{% endfor %}]{% endset %}
{% set values %}[{% for field in fields %}value_{{ loop.index0 }}{{ ", " if not loop.last }}{% endfor %}]{% endset %}
{% set acked_values %}[{% for field in fields %}acked_{{ loop.index0 }}{{ ", " if not loop.last }}{% endfor %}]{% endset %}
{% macro entry(field, text) %}{{ ('"' ~ field.name ~ '":') | text }} || {{ text }}{% endmacro %}
{% set plain = not fields | selectattr("name", "in", omitted + ["Id"]) | list %}
{{ "INSERT INTO plan_change BY NAME" if part.start else "CREATE OR REPLACE TEMP TABLE plan_change AS" }}
WITH member AS (
    SELECT rendered.*, identity.ids, identity.object, identity.error_code, identity.error_message, acked.fields AS acked_fields,
        json_keys(acked.fields) AS acked_names
        {% for field in fields %}, acked_{{ loop.index0 }}{% endfor %}

    FROM plan_rendered AS rendered
    JOIN plan_identity AS identity ON identity.rendered = rendered.rowid
        AND identity.rendered >= {{ part.start }}{{ " AND identity.rendered < " ~ part.end if part.end }}
    LEFT JOIN plan_acked AS acked ON acked.profile_key = rendered.profile_key AND NOT identity.moved
), compared AS (
    SELECT *
    {% for field in fields %}
        , {{ "false AND " if field.name == "Id" }}{{ "object = $object AND " if field.name in omitted }}{{ "value_" ~ loop.index0 ~ " IS NOT NULL AND " if field.skip -}}
          ($everything OR NOT known OR value_{{ loop.index0 }} IS DISTINCT FROM acked_{{ loop.index0 }}
           OR (value_{{ loop.index0 }} IS NULL AND NOT coalesce(list_contains(acked_names, {{ field.name | text }}), false))) AS differs_{{ loop.index0 }}
    {% endfor %}
    FROM member
), chosen AS (
    -- a record whose Id is unknown is found by its match value or made anew, so all of it travels
    SELECT *,
        {% for field in fields %}differs_{{ loop.index0 }}{{ " OR " if not loop.last }}{% endfor %} AS differs
    {% for field in fields %}
        , differs_{{ loop.index0 }} OR (known AND len(ids) = 0{{ " AND value_" ~ loop.index0 ~ " IS NOT NULL" if field.skip }}) AS sent_{{ loop.index0 }}
    {% endfor %}
        , {% for field in fields %}sent_{{ loop.index0 }}{{ " AND " if not loop.last }}{% endfor %} AS whole
    FROM compared
), written AS (
    -- all of them at once: what is written out for each field makes the statement slow to plan
    SELECT *,
        {{ "CASE WHEN NOT whole OR acked_fields IS NOT NULL THEN " if plain }}[sf_json(one) FOR one IN {{ values }}]{{ " END" if plain }} AS texts,
        CASE WHEN acked_fields IS NOT NULL THEN [sf_json(one) FOR one IN {{ acked_values }}] END AS acked_texts
    FROM chosen
), differing AS (
    SELECT profile_key, known, fingerprint, row_hash, match_value, match_key, error_code, error_message, truncated, whole,
        {% for word in words %}mask_{{ word }}, old_mask_{{ word }}, {% endfor %}
        ids, object, differs, {{ parent or "CAST(NULL AS VARCHAR)" }} AS parent,
        -- most rows are sent whole, and then one call does for all fields
        CASE WHEN whole
        THEN CAST(to_json({ {% for field in fields %}{{ field.name | text }}: value_{{ loop.index0 }}{{ ", " if not loop.last }}{% endfor %} }) AS VARCHAR)
        ELSE concat('{', concat_ws(','
        {% for field in fields %}
            , CASE WHEN sent_{{ loop.index0 }} THEN {{ entry(field, "texts[" ~ loop.index ~ "]") }} END
        {% endfor %}
        ), '}') END AS "after",
        CASE WHEN acked_fields IS NOT NULL THEN nullif(concat('{', concat_ws(','
        {% for field in fields %}
            , CASE WHEN sent_{{ loop.index0 }} AND acked_{{ loop.index0 }} IS NOT NULL THEN {{ entry(field, "acked_texts[" ~ loop.index ~ "]") }} END
        {% endfor %}
        ), '}'), '{}') END AS "before",
        {{ "CASE WHEN acked_fields IS NOT NULL THEN " if plain }}concat('{', concat_ws(','
        {% for field in fields %}
            {% if field.name in omitted %}
            , CASE WHEN object = $object THEN {{ entry(field, "texts[" ~ loop.index ~ "]") }} END
            {% elif field.skip %}
            , CASE WHEN value_{{ loop.index0 }} IS NOT NULL THEN {{ entry(field, "texts[" ~ loop.index ~ "]") }}
                   WHEN list_contains(acked_names, {{ field.name | text }}) THEN {{ entry(field, "acked_texts[" ~ loop.index ~ "]") }} END
            {% else %}
            , {{ entry(field, "texts[" ~ loop.index ~ "]") }}
            {% endif %}
        {% endfor %}
            , sf_fields_besides(acked_fields, [{% for field in fields %}{{ field.name | text }}{{ ", " if not loop.last }}{% endfor %}])
        ), '}'){{ " END" if plain }} AS payload,
        CAST(0{% for field in fields %} + CASE WHEN sent_{{ loop.index0 }} THEN 3 + coalesce(strlen(value_{{ loop.index0 }}), 4) ELSE 1 END{% endfor %} AS BIGINT) AS value_bytes,
        0{% for field in fields %} + CASE WHEN sent_{{ loop.index0 }} AND acked_{{ loop.index0 }} IS NOT NULL AND value_{{ loop.index0 }} IS NULL THEN 1 ELSE 0 END{% endfor %} AS clears,
        CASE WHEN value_bytes > 32000 THEN
            list_sum([sf_length(one) FOR one IN {{ sent }}]) > 399000 OR list_max([sf_length(one) FOR one IN {{ sent }}]) > 32000 ELSE false END
        {% for field in fields %}{% if "." in field.name %} OR (sent_{{ loop.index0 }} AND value_{{ loop.index0 }} IS NULL){% endif %}{% endfor %} AS bulk_unfit
    FROM written
{% if leavers %}
), unclaimed AS (
    SELECT match.match_key, any_value(match.object) AS object, list(match.salesforce_id) AS ids
    FROM plan_match AS match
    ANTI JOIN plan_holder AS holder ON holder.salesforce_id = match.salesforce_id
    WHERE $mode <> 'create_only'  -- what was there before us is never touched
    GROUP BY match.match_key
), leaver AS (
    SELECT
        candidate.*,
        coalesce(own_record.ids, unclaimed.ids, []) AS ids,
        coalesce(own_record.object, unclaimed.object, $object) AS object,
        own_record.match_key,
        acked.match_value,
        acked.parent,
        map_from_entries(list_transform(
            list_filter(map_entries(sf_fields(acked.fields)), lambda field:
                CASE $on_exit WHEN 'clear_audiences' THEN field.key = $audiences_field
                              WHEN 'clear_all' THEN NOT list_contains($kept, coalesce(own_record.object, $object) || '.' || field.key) ELSE false END
                AND $mode <> 'create_only'
                AND field.key <> 'Id' AND (coalesce(own_record.object, $object) = $object OR NOT list_contains($omitted, field.key))
                AND field.value IS DISTINCT FROM (CASE WHEN list_contains($checkboxes, field.key) THEN 'false' END)),
            lambda field: {'k': field.key, 'v': {
                'before': field.value, 'after': CASE WHEN list_contains($checkboxes, field.key) THEN 'false' END}}
        )) AS changed
    FROM plan_candidate AS candidate
    LEFT JOIN plan_acked AS acked ON acked.profile_key = candidate.profile_key
    LEFT JOIN plan_record AS own_record ON own_record.profile_key = candidate.profile_key
    LEFT JOIN unclaimed ON unclaimed.match_key = own_record.match_key
    WHERE NOT candidate.desired
), retaken AS (
    SELECT gone.profile_key
    FROM (SELECT profile_key, unnest(ids) AS id FROM leaver) AS gone
    SEMI JOIN (SELECT unnest(ids) AS id FROM plan_identity WHERE error_code IS NULL) AS taken USING (id)
{% endif %}
), needed AS (
    SELECT
        profile_key, match_value, match_key, object, parent,
        CASE WHEN len(differing.ids) = 0 THEN [NULL] ELSE differing.ids END AS ids,
        CASE WHEN len(differing.ids) > 0 THEN 'update' WHEN $way = 'native' THEN 'upsert' ELSE 'insert' END AS operation,
        CASE WHEN len(differing.ids) = 0 AND NOT (known AND $way = 'native') THEN 'create' ELSE 'update' END AS action,
        CASE
            WHEN $backfill THEN 'backfill'
            WHEN NOT known THEN 'entered'
            WHEN {% for word in words %}(mask_{{ word }} & ~old_mask_{{ word }}) <> 0{{ " OR " if not loop.last }}{% endfor %} THEN 'entered'
            WHEN {% for word in words %}mask_{{ word }} <> old_mask_{{ word }}{{ " OR " if not loop.last }}{% endfor %} THEN 'exited'
            WHEN $rebased THEN 'mapping_changed'
            ELSE 'trigger'
        END AS reason,
        "after", "before", payload, whole, truncated, fingerprint, row_hash, known, true AS desired,
        value_bytes, clears, bulk_unfit,
        {% for word in words %}mask_{{ word }}, {% endfor %}
        error_code, error_message,
        CASE WHEN $mode = 'create_only' AND known THEN 'quiet'
             WHEN error_code IS NOT NULL THEN 'invalid'
             WHEN $mode = 'create_only' AND len(differing.ids) > 0 THEN 'quiet'
             WHEN $mode = 'update_only' AND len(differing.ids) = 0 THEN 'unmatched'
             WHEN known AND NOT differs THEN 'quiet'
             ELSE 'send' END AS verdict
    FROM differing
    {% if leavers %}
    UNION ALL BY NAME
    SELECT
        profile_key, match_value, match_key, object, parent, ids,
        CASE WHEN $on_exit = 'delete' THEN 'delete' ELSE 'update' END AS operation,
        CASE WHEN $on_exit = 'delete' THEN 'delete' ELSE 'exit' END AS action,
        'exited' AS reason,
        sf_fields_text(changed, 'after') AS "after", nullif(sf_fields_text(changed, 'before'), '{}') AS "before", NULL AS payload, false AS whole,
        []::VARCHAR[] AS truncated, NULL AS fingerprint, NULL AS row_hash, known, false AS desired,
        CAST({{ fields | length }} + coalesce(list_sum([3 + coalesce(strlen(one."after"), 4) FOR one IN map_values(changed)]), 0) AS BIGINT) AS value_bytes,
        len([one FOR one IN map_values(changed) IF one."before" IS NOT NULL AND one."after" IS NULL]) AS clears,
        len([one FOR one IN map_entries(changed) IF one.value."after" IS NULL AND contains(one.key, '.')]) > 0 AS bulk_unfit,
        {% for word in words %}0::BIGINT AS mask_{{ word }}, {% endfor %}
        NULL AS error_code, NULL AS error_message,
        CASE WHEN len(ids) = 0 THEN 'forget'  -- an exit creates nothing
             WHEN $on_exit <> 'delete' AND cardinality(changed) = 0 THEN 'forget'
             -- another member is about to take the record, or her upsert to find it
             WHEN profile_key IN (FROM retaken)
               OR ($way = 'native' AND match_key IN (SELECT match_key FROM plan_identity WHERE error_code IS NULL AND len(ids) = 0))
             THEN CASE WHEN $mode = 'create_only' THEN 'forget' ELSE 'wait' END
             ELSE 'send' END AS verdict
    FROM leaver
    {% endif %}
)
SELECT * EXCLUDE (first_id) REPLACE (
    -- a Bulk CSV cannot carry the text #N/A, which clears; a field of more than 32,000 characters; a record of more than
    -- 400,000, with room for the match value; or an emptied parent
    bulk_unfit OR contains("after", ':"#N/A"') AS bulk_unfit),
    salesforce_id IS NOT DISTINCT FROM first_id AS leads
FROM (
    SELECT * EXCLUDE (ids), unnest(CASE WHEN verdict = 'send' THEN ids ELSE [ids[1]] END) AS salesforce_id,
        CASE WHEN verdict = 'send' THEN len(ids) ELSE 1 END AS siblings, ids[1] AS first_id
    FROM needed
)
