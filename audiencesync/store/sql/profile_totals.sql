-- profile_totals: how many profiles there are, how many lack a key, and how far the source has come.
-- params  : $since when the read is incremental
-- template: updated_at (column or none), since_type (its type, when the read is incremental)
-- returns : profiles BIGINT, null_keys BIGINT, watermark VARCHAR
-- grain   : one row
SELECT
    count(*) AS profiles,
    count(*) FILTER (_profile_key IS NULL) AS null_keys,
    {% if updated_at %}CAST(max({{ updated_at | name }}) AS VARCHAR){% else %}NULL{% endif %} AS watermark
FROM stage_profile
{% if since_type %}WHERE {{ updated_at | name }} >= CAST($since AS {{ since_type }}){% endif %}
