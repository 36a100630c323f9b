-- plan_acked: the values last accepted of those who differ; the table is large, so it is read once. Of whom the sync has no record
--             any more, since it was in another object, nothing is known.
-- params  : $sync_id
-- template: fields (name), shape (JSON: their names and types), match (see match_columns; the values are columns
--           acked_n), parent (value of the field that names a row's parent, or nothing)
-- reads   : plan_candidate, plan_record, store.payload
-- makes   : plan_acked(profile_key, fields (JSON: field -> value), acked_n (value of the n-th field), match_value,
--           match_key, match_values VARCHAR[], parent)
CREATE OR REPLACE TEMP TABLE plan_acked AS
SELECT profile_key, fields
    {% for field in fields %}, told.{{ field.name | name }} AS acked_{{ loop.index0 }}{% endfor %},
    {% include "match_columns.sql" %},
    {{ parent or "CAST(NULL AS VARCHAR)" }} AS parent
FROM (
    SELECT profile_key, fields,
        from_json(fields, {{ shape | text }}) AS told
    FROM store.payload
    WHERE rowid IN (  -- found by their keys alone: most texts are never unpacked
        SELECT payload.rowid
        FROM store.payload AS payload
        SEMI JOIN (FROM plan_candidate ANTI JOIN (FROM plan_record WHERE elsewhere) AS gone USING (profile_key)) AS candidate
            ON sf_key_hash(candidate.profile_key) = payload.key_hash AND NOT candidate.profile_key <> payload.profile_key
        WHERE payload.sync_id = $sync_id
    )
)
