-- stage_profile: the profiles as the plan reads them: the source's columns, the key as text, and one MAP
--                column for each long affinity relation.
-- template: key (column), affinities: name -> {view, key, affinity, weight}
-- reads   : stage_profile_raw, the affinity views
-- returns : _profile_key VARCHAR, the source's columns, each affinity MAP(VARCHAR, DOUBLE)
-- grain   : one row a profile
CREATE OR REPLACE TEMP VIEW stage_profile AS
SELECT CAST(profile.{{ key | name }} AS VARCHAR) AS _profile_key, profile.*
{% for name, source in affinities.items() %}
    , affinity_{{ loop.index }}.weights AS {{ name | name }}
{% endfor %}
FROM stage_profile_raw AS profile
{% for name, source in affinities.items() %}
LEFT JOIN (
    SELECT key, map_from_entries(list({'k': affinity, 'v': weight} ORDER BY affinity)) AS weights
    FROM (
        SELECT CAST({{ source.key | name }} AS VARCHAR) AS key,
               CAST({{ source.affinity | name }} AS VARCHAR) AS affinity,
               sum(CAST({{ source.weight | name }} AS DOUBLE)) AS weight
        FROM {{ source.view }}
        WHERE {{ source.affinity | name }} IS NOT NULL AND {{ source.weight | name }} IS NOT NULL
        GROUP BY ALL
    )
    GROUP BY key
) AS affinity_{{ loop.index }} ON affinity_{{ loop.index }}.key = CAST(profile.{{ key | name }} AS VARCHAR)
{% endfor %}
