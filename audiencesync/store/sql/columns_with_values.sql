-- columns_with_values: which columns of a relation hold any value at all.
-- template: relation, columns
-- returns : one BOOLEAN a column, by its position: held_0, held_1 ...
-- grain   : one row
SELECT {% for column in columns %}count({{ column | name }}) > 0 AS held_{{ loop.index0 }}{{ ", " if not loop.last }}{% endfor %}

FROM {{ relation }}
