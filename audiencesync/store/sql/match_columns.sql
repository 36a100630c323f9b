-- match_columns: what a record is found by, from the values of its match fields; included by other statements.
-- template: match (SQL of each match field's value, and whether the field tells case apart)
-- returns : match_value (as people read it), match_key (as values are compared: Salesforce ignores case unless a field is
--           unique and case-sensitive; NULL when one is missing, and when there is no match field), match_values VARCHAR[]
{% if match %}
nullif(concat_ws(' | ', {% for field in match %}{{ field.value }}{{ ", " if not loop.last }}{% endfor %}), '') AS match_value,
CASE WHEN {% for field in match %}{{ field.value }} IS NOT NULL{{ " AND " if not loop.last }}{% endfor %}

     THEN concat_ws(chr(31), {% for field in match %}{{ field.value if field.exact else "lower(" ~ field.value ~ ")" }}{{ ", " if not loop.last }}{% endfor %}) END AS match_key,
[{% for field in match %}{{ field.value }}{{ ", " if not loop.last }}{% endfor %}] AS match_values
{% else %}
CAST(NULL AS VARCHAR) AS match_value, CAST(NULL AS VARCHAR) AS match_key, CAST([] AS VARCHAR[]) AS match_values
{% endif %}
