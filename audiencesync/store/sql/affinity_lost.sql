-- affinity_lost: how many members of a sync, or of those that are looked at, have affinities in Salesforce, and how many profiles
--                have any now.
-- params  : $sync_id, $pointer (JSON path of the field)
-- template: relation (a table of stage_affinity), scoped (look only at stage_scope)
-- reads   : the relation, store.payload
-- returns : before, keys BIGINT
-- grain   : one row
SELECT count(*) AS before, (SELECT count(*) FROM {{ relation }}) AS keys
FROM store.payload
WHERE sync_id = $sync_id AND json_extract_string(fields, $pointer) IS NOT NULL
{% if scoped %}
    AND key_hash IN (SELECT sf_key_hash(profile_key) FROM stage_scope) AND profile_key IN (FROM stage_scope)
{% endif %}
