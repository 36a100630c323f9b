-- profile_totals: how many profiles there are, how many lack a key, and how far the source has come.
-- params  : $since when the read is incremental
-- template: profiles (relation), key (column), key_hash (SQL: what tells two keys apart), apart (its rows may be read more
--           than once: statistics of files and tables answer most of it then), since_type (when the read is incremental), and
--           what watermark and profile_changed take
-- returns : profiles, key_hashes (not when apart), null_keys, unfit_keys (a number that is not whole) BIGINT, watermark VARCHAR
-- grain   : one row
{% set looked_at %}{{ profiles }} WHERE {% if since_type %}{% include "profile_changed.sql" %}{% else %}true{% endif %}{% endset %}
SELECT
    count(*) AS profiles,
{% if apart %}
    (SELECT count(*) FROM {{ looked_at }} AND ({{ key | name }} IS NULL OR _profile_key = '')) AS null_keys,
    (SELECT count(*) FROM {{ looked_at }} AND {{ key | name }} IS NOT NULL AND _profile_key IS NULL) AS unfit_keys,
{% else %}
    count(DISTINCT {{ key_hash }}) AS key_hashes,
    -- one that was pushed may be none of the column's any more
    count(*) FILTER (WHERE ({{ key | name }} IS NULL AND _profile_key IS NULL) OR _profile_key = '') AS null_keys,
    count(*) FILTER (WHERE {{ key | name }} IS NOT NULL AND _profile_key IS NULL) AS unfit_keys,
{% endif %}
    {% include "watermark.sql" %} AS watermark
FROM {{ looked_at }}
