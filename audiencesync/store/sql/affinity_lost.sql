-- affinity_lost: how many members of a sync have affinities in Salesforce, and how many profiles have any now.
-- params  : $sync_id, $pointer (JSON path of the field)
-- template: relation (a table of stage_affinity)
-- reads   : the relation, store.payload
-- returns : before, keys BIGINT
-- grain   : one row
SELECT
    (SELECT count(*) FROM store.payload WHERE sync_id = $sync_id AND json_extract_string(fields, $pointer) IS NOT NULL) AS before,
    (SELECT count(*) FROM {{ relation }}) AS keys
