-- plan_rendered: the field values of members that differ, as Salesforce would store them; nobody else is rendered.
-- template: words, row_hash (SQL expression), fields (plan/fields.py: name, raw, value, problems, cuts, skip)
-- reads   : plan_candidate, plan_bit, plan_touched
-- makes   : plan_rendered(profile_key, fingerprint, row_hash, payload MAP, problems STRUCT[], truncated VARCHAR[], ...)
-- grain   : one row a candidate that is a member now; the fingerprint is of the very row that was rendered
CREATE OR REPLACE TEMP TABLE plan_rendered AS
WITH named AS (
    SELECT {% for word in words %}mask_{{ word }}, {% endfor %}
        (SELECT list(bits.audience ORDER BY bits.audience)
         FROM plan_bit AS bits
         WHERE ({% for word in words %}
            bits.ordinal // 63 = {{ word }} AND (mask_{{ word }} & (1::BIGINT << (bits.ordinal % 63))) <> 0{{ " OR " if not loop.last }}{% endfor %}
         )) AS audience_names
    FROM (SELECT DISTINCT {% for word in words %}mask_{{ word }}{{ ", " if not loop.last }}{% endfor %} FROM plan_candidate WHERE desired)
), raw AS (
    SELECT _profile_key AS plan_key, _plan_fingerprint AS plan_fingerprint, {{ row_hash }} AS plan_row_hash
    {% for field in fields %}
        , {{ field.raw }} AS raw_{{ loop.index0 }}
    {% endfor %}
    FROM plan_touched
    SEMI JOIN (FROM plan_candidate WHERE desired) AS wanted ON wanted.profile_key = plan_touched._profile_key
), valued AS (
    SELECT candidate.*, raw.*, audience_names
    {% for field in fields %}
        , {{ field.value }} AS value_{{ loop.index0 }}
    {% endfor %}
    FROM raw
    JOIN plan_candidate AS candidate ON candidate.profile_key = raw.plan_key
    JOIN named ON {% for word in words %}named.mask_{{ word }} = candidate.mask_{{ word }}{{ " AND " if not loop.last }}{% endfor %}

)
SELECT
    profile_key, known, old_fingerprint, plan_fingerprint AS fingerprint, plan_row_hash AS row_hash
    {% for word in words %}, mask_{{ word }}, old_mask_{{ word }}{% endfor %},
    {% if fields | selectattr("skip") | list %}
    map_from_entries(list_filter([
        {% for field in fields %}
        {'k': {{ field.name | text }}, 'v': value_{{ loop.index0 }}, 'skip': {{ field.skip | lower }}}{{ "," if not loop.last }}
        {% endfor %}
    ], lambda entry: entry.v IS NOT NULL OR NOT entry.skip).list_transform(lambda entry: {'k': entry.k, 'v': entry.v})) AS payload,
    {% else %}
    map([{% for field in fields %}{{ field.name | text }}{{ ", " if not loop.last }}{% endfor %}],
        [{% for field in fields %}value_{{ loop.index0 }}{{ ", " if not loop.last }}{% endfor %}]) AS payload,
    {% endif %}
    list_filter([
        {% for field in fields %}{% for problem in field.problems %}
        CASE WHEN {{ problem.test }} THEN {'code': {{ problem.code | text }}, 'message': {{ problem.message | text }}} END,
        {% endfor %}{% endfor %}
        NULL
    ], lambda problem: problem IS NOT NULL) AS problems,
    CAST(list_filter([
        {% for field in fields if field.cut %}
        CASE WHEN {{ field.cut }} THEN {{ field.name | text }} END,
        {% endfor %}
        NULL
    ], lambda name: name IS NOT NULL) AS VARCHAR[]) AS truncated
FROM valued
