-- stage_append: add rows that were fetched by key to the table that stage_table made.
-- template: name, reader, numerics, key (column that identifies a row; rows already there are left alone)
INSERT INTO {{ name }}
SELECT fetched.* {% if numerics %}REPLACE ({% for column in numerics %}CAST(fetched.{{ column | name }} AS DECIMAL(38, 10)) AS {{ column | name }}{{ ", " if not loop.last }}{% endfor %}){% endif %}

FROM {{ reader }} AS fetched
ANTI JOIN {{ name }} AS there ON there.{{ key | name }} IS NOT DISTINCT FROM fetched.{{ key | name }}
