-- stage_affinity: a long relation of affinities, one MAP a profile.
-- template: name, relation (raw view or table), key and affinity (SQL for their texts), weight (column); empty: no
--           rows; scoped: those of stage_scope alone
-- makes   : <name>(key VARCHAR, weights MAP(VARCHAR, DOUBLE))
-- grain   : one row a profile; rows without key, affinity or weight say nothing
CREATE OR REPLACE TEMP TABLE {{ name }} AS
{% if empty %}
SELECT NULL::VARCHAR AS key, NULL::MAP(VARCHAR, DOUBLE) AS weights WHERE false
{% else %}
SELECT key, map_from_entries(list({'k': affinity, 'v': weight} ORDER BY affinity)) AS weights
FROM (
    -- twelve digits: the last ones of a sum depend on the order of its parts, and so would the order of equals
    SELECT key, affinity, CAST(format('{:.12g}', sum(weight)) AS DOUBLE) AS weight
    FROM (
        SELECT {{ key }} AS key, {{ affinity }} AS affinity, CAST({{ weight | name }} AS DOUBLE) AS weight
        FROM {{ relation }}
    )
    {{ "SEMI JOIN stage_scope AS scope ON scope.profile_key = key" if scoped }}
    WHERE key IS NOT NULL AND affinity IS NOT NULL AND weight IS NOT NULL
    GROUP BY key, affinity
)
GROUP BY key
{% endif %}
