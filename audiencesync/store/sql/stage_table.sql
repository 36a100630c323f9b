-- stage_table: copy rows that arrive in Arrow batches from another database.
-- template: name, reader (a registered Arrow stream), numerics (columns that arrive as decimal text)
CREATE OR REPLACE TEMP TABLE {{ name }} AS
SELECT * {% if numerics %}REPLACE ({% for column in numerics %}CAST({{ column | name }} AS DECIMAL(38, 10)) AS {{ column | name }}{{ ", " if not loop.last }}{% endfor %}){% endif %}

FROM {{ reader }}
