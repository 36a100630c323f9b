-- watermark: how far the rows of a relation have come; included by other statements.
-- template: updated_at (column or none), unbounded (its type knows infinity), dated (it is a date or time), written (it is
--           text, and may be one)
-- returns : VARCHAR
{% if updated_at %}
CAST(max({{ updated_at | name }}) FILTER (WHERE
    {{ updated_at | name }} IS NOT NULL
    {% if unbounded %}AND isfinite({{ updated_at | name }}){% endif %}

    -- a row dated later than now, were it by an hour, must not keep what changes until then from being read; times of a zone
    -- ahead of UTC are only read again until it is that late here
    {% if dated %}AND CAST({{ updated_at | name }} AS TIMESTAMP) <= CAST(now() AS TIMESTAMP){% endif %}

    {% if written %}AND coalesce(TRY_CAST({{ updated_at | name }} AS TIMESTAMPTZ) <= now(), true){% endif %}

) AS VARCHAR)
{% else %}
NULL
{% endif %}
