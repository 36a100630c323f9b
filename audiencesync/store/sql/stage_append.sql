-- stage_append: add rows that were fetched by key to the table that stage_table made.
-- template: name, reader, casts as in stage_table, key (column that identifies a row; rows already there stay)
INSERT INTO {{ name }}
SELECT fetched.*
FROM (
    SELECT * {% if casts %}REPLACE ({% for column, type in casts.items() %}CAST({{ column | name }} AS {{ type }}) AS {{ column | name }}{{ ", " if not loop.last }}{% endfor %}){% endif %}

    FROM {{ reader }}
) AS fetched
ANTI JOIN {{ name }} AS there ON there.{{ key | name }} IS NOT DISTINCT FROM fetched.{{ key | name }}
