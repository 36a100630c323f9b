-- plan_rendered: the field values of members that differ, as Salesforce would store them; nobody else is rendered.
-- template: words, row_hash (SQL expression), fields (plan/fields.py), match (see
--           match_columns; the values are columns value_n), unfit (plan/unfit.py), part (rows of plan_candidate from
--           part.start to part.end; a later part is added to those before)
-- reads   : plan_candidate, plan_bit, plan_profile
-- makes   : plan_rendered(profile_key, fingerprint, row_hash, value_n (of the n-th field), match_value, match_key,
--           match_values VARCHAR[], problem_code, problems VARCHAR (what is wrong; NULL: nothing), truncated VARCHAR[], ...)
-- grain   : one row a candidate that is a member now; the fingerprint is of the very row that was rendered
{% set cleaned = fields | selectattr("rendered.text") | list %}
{% set trimmed = cleaned | rejectattr("rendered.cleaned") | list %}
{% set limited = fields | selectattr("rendered.longest") | list %}
{{ "INSERT INTO plan_rendered BY NAME" if part.start else "CREATE OR REPLACE TEMP TABLE plan_rendered AS" }}
WITH named AS (
    SELECT {% for word in words %}mask_{{ word }}, {% endfor %}
        (SELECT list(bits.audience ORDER BY bits.audience)
         FROM plan_bit AS bits
         WHERE ({% for word in words %}
            bits.ordinal // 63 = {{ word }} AND (mask_{{ word }} & (1::BIGINT << (bits.ordinal % 63))) <> 0{{ " OR " if not loop.last }}{% endfor %}
         )) AS audience_names
    FROM (SELECT DISTINCT {% for word in words %}mask_{{ word }}{{ ", " if not loop.last }}{% endfor %} FROM plan_candidate WHERE desired)
), raw AS (
    SELECT _profile_key AS profile_key, _plan_known AS known, _plan_fingerprint AS plan_fingerprint, {{ row_hash }} AS plan_row_hash
    {% for word in words %}, _plan_now_{{ word }} AS mask_{{ word }}, _plan_then_{{ word }} AS old_mask_{{ word }}{% endfor %}

    {% for field in fields %}
        , {{ field.raw }} AS raw_{{ loop.index0 }}
    {% endfor %}
    {{ ", _plan_unfit" if unfit.problems }}

    FROM plan_profile
    JOIN (
        SELECT touched AS _plan_wanted, known AS _plan_known
            {% for word in words %}, mask_{{ word }} AS _plan_now_{{ word }}, old_mask_{{ word }} AS _plan_then_{{ word }}{% endfor %}

        FROM plan_candidate WHERE desired AND rowid >= {{ part.start }}{{ " AND rowid < " ~ part.end if part.end }}
    ) ON _plan_wanted = _plan_touched
), told AS (
    SELECT raw.*, audience_names
    {% for field in fields %}{% if field.entries %}
        , array_to_string({{ field.entries }}, ';') AS text_{{ loop.index0 }}
    {% endif %}{% endfor %}
    FROM raw
    JOIN named ON {% for word in words %}named.mask_{{ word }} = raw.mask_{{ word }}{{ " AND " if not loop.last }}{% endfor %}

), looked_at AS (
    -- most rows need nothing done to any text, and one look at all of them tells
    SELECT *, sf_plain(concat_ws(chr(10), NULL{% for field in fields if field.rendered.text %}, {{ field.rendered.text }}{% endfor %})) AS is_plain
    {% for field in fields %}{% if field.rendered.fitted %}
        , {{ field.rendered.fitted }} AS fitted_{{ loop.index0 }}
    {% endif %}{% endfor %}
    FROM told
), cleaned AS (
    -- all of them at once: a macro that is written out for each field makes the statement slow to plan
    SELECT *, CASE WHEN is_plain{% for field in fields if field.rendered.fits %} AND coalesce({{ field.rendered.fits }}, true){% endfor %} THEN NULL ELSE [sf_text(one) FOR one IN [
        {% for field in cleaned %}{{ "fitted_" ~ fields.index(field) if field.rendered.fitted else field.rendered.text }}{{ ", " if not loop.last }}{% endfor %}

    ]::VARCHAR[]] END AS cleaned
    FROM looked_at
), trimmed AS (
    SELECT *{% if trimmed %} REPLACE ({% for field in trimmed %}coalesce(cleaned[{{ cleaned.index(field) + 1 }}], raw_{{ fields.index(field) }}) AS raw_{{ fields.index(field) }}{{ ", " if not loop.last }}{% endfor %}){% endif %}

    FROM cleaned
), valued AS (
    SELECT *
    {% for field in fields %}
        , {% if field.rendered.cleaned %}CASE WHEN is_plain{{ " AND " ~ field.rendered.fits if field.rendered.fits }} THEN {{ field.rendered.plain }} ELSE {{ field.rendered.cleaned.format("cleaned[" ~ (cleaned.index(field) + 1) ~ "]") }} END{% else %}{{ field.rendered.value }}{% endif %} AS value_{{ loop.index0 }}
    {% endfor %}
    FROM trimmed
), measured AS (
    -- as above: nearly no text has anything wrong with it, and where one may, all of them are looked at
    SELECT *, CASE WHEN is_plain THEN NULL ELSE [sf_uncarried(one) FOR one IN cleaned] END AS uncarried
    {% if limited %}
        , CASE WHEN {% for field in limited %}strlen(value_{{ fields.index(field) }}) > {{ field.rendered.longest }}{{ " OR " if not loop.last }}{% endfor %}

               THEN [sf_length(one) FOR one IN [{% for field in limited %}value_{{ fields.index(field) }}{{ ", " if not loop.last }}{% endfor %}]] END AS lengths
    {% endif %}
    FROM valued
), looked_through AS (
    SELECT *
    {% for field in cleaned if field.rendered.cleaned %}
        , uncarried[{{ cleaned.index(field) + 1 }}] AS {{ "text" if field.entries else "raw" }}_{{ fields.index(field) }}_uncarried
    {% endfor %}
    {% for field in limited %}
        , lengths[{{ loop.index }}] > {{ field.rendered.longest }} AS value_{{ fields.index(field) }}_longer
    {% endfor %}
    FROM measured
), judged AS (
    SELECT *,
        nullif(concat_ws(chr(30), NULL{% for problem in unfit.problems %}
            , CASE WHEN {{ problem.test }} THEN {{ (problem.code ~ " " ~ problem.message) | text }} END
        {% endfor %}{% for field in fields %}{% for problem in field.rendered.problems %}
            , CASE WHEN {{ problem.test }} THEN {{ (problem.code ~ " " ~ problem.message) | text }} END
        {% endfor %}{% endfor %}), '') AS found
    FROM looked_through
)
SELECT
    profile_key, known, plan_fingerprint AS fingerprint, plan_row_hash AS row_hash
    {% for word in words %}, mask_{{ word }}, old_mask_{{ word }}{% endfor %}
    {% for field in fields %}, value_{{ loop.index0 }}{% endfor %},
    {% include "match_columns.sql" %},
    split_part(found, ' ', 1) AS problem_code,
    array_to_string([one[strpos(one, ' ') + 1:] FOR one IN string_split(found, chr(30))], '; ') AS problems,
    coalesce(string_split(nullif(concat_ws(';', NULL{% for field in fields if field.rendered.cut %}
        , CASE WHEN {{ field.rendered.cut }} THEN {{ field.name | text }} END
    {% endfor %}), ''), ';'), []) AS truncated
FROM judged
