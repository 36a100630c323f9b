-- watermark: how far the rows of a relation have come; included by other statements.
-- template: updated_at (column or none), unbounded (its type knows infinity), dated (it is a date or time)
-- returns : VARCHAR
{% if updated_at %}
CAST(max({{ updated_at | name }}) FILTER (WHERE
    {{ updated_at | name }} IS NOT NULL
    {% if unbounded %}AND isfinite({{ updated_at | name }}){% endif %}

    -- one row of the year 9999 must not keep every later change from being read
    {% if dated %}AND CAST({{ updated_at | name }} AS TIMESTAMP) < CAST(now() AS TIMESTAMP) + INTERVAL 2 DAY{% endif %}

) AS VARCHAR)
{% else %}
NULL
{% endif %}
