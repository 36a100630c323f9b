-- stage_table: copy rows that arrive in Arrow batches from another database.
-- template: name, reader (a registered Arrow stream), casts (column -> type that Arrow could not carry)
CREATE OR REPLACE TEMP TABLE {{ name }} AS
SELECT * {% if casts %}REPLACE ({% for column, type in casts.items() %}CAST({{ column | name }} AS {{ type }}) AS {{ column | name }}{{ ", " if not loop.last }}{% endfor %}){% endif %}

FROM {{ reader }}
