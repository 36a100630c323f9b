-- profile_totals: how many profiles there are, how many lack a key, and how far the source has come.
-- params  : $since when the read is incremental
-- template: key (column), key_hash (SQL: what tells two keys apart), updated_at (column or none), unbounded (its type knows infinity), dated (it is a date or
--           time), since_type (its type, when the read is incremental)
-- returns : profiles, key_hashes, null_keys, unfit_keys (a number that is not whole) BIGINT, watermark VARCHAR
-- grain   : one row
SELECT
    count(*) AS profiles,
    count(DISTINCT {{ key_hash }}) AS key_hashes,
    count(*) FILTER (WHERE {{ key | name }} IS NULL OR _profile_key = '') AS null_keys,
    count(*) FILTER (WHERE {{ key | name }} IS NOT NULL AND _profile_key IS NULL) AS unfit_keys,
    {% if updated_at %}
    CAST(max({{ updated_at | name }}) FILTER (WHERE
        {{ updated_at | name }} IS NOT NULL
        {% if unbounded %}AND isfinite({{ updated_at | name }}){% endif %}

        -- one row of the year 9999 must not keep every later change from being read
        {% if dated %}AND CAST({{ updated_at | name }} AS TIMESTAMP) < CAST(now() AS TIMESTAMP) + INTERVAL 2 DAY{% endif %}

    ) AS VARCHAR) AS watermark
    {% else %}
    NULL AS watermark
    {% endif %}
FROM stage_profile
{% if since_type %}WHERE {% include "profile_changed.sql" %}{% endif %}
