-- membership_totals: memberships that name no profile or no audience, and how far the source has come.
-- params  : $since when the read is incremental
-- template: key (column), key_text (SQL for its text), audience (column), apart (as in profile_totals), updated_at, since_type
--           (when the read is incremental), and what watermark and profile_changed take
-- reads   : stage_membership_raw
-- returns : null_keys, unfit_keys (a number that is not whole), null_audiences BIGINT, watermark VARCHAR
-- grain   : one row
{% set looked_at %}stage_membership_raw WHERE {% if since_type %}{% include "profile_changed.sql" %}{% else %}true{% endif %}{% endset %}
SELECT
    count(*) FILTER (WHERE {{ key | name }} IS NULL OR {{ key_text }} = '') AS null_keys,
    count(*) FILTER (WHERE {{ key | name }} IS NOT NULL AND {{ key_text }} IS NULL) AS unfit_keys,
    count(*) FILTER (WHERE {{ audience | name }} IS NULL OR CAST({{ audience | name }} AS STRING) = '') AS null_audiences,
    {% if apart and updated_at %}(SELECT {% include "watermark.sql" %} FROM {{ looked_at }}){% else %}{% include "watermark.sql" %}{% endif %} AS watermark
FROM {{ looked_at }}
{% if apart %}
  AND ({{ key | name }} IS NULL OR {{ key_text }} IS NULL OR {{ key_text }} = '' OR {{ audience | name }} IS NULL OR CAST({{ audience | name }} AS STRING) = '')
{% endif %}
